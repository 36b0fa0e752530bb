import { classify, isRetryable } from "../../core/errors/classify.js";
import { readErrorClues, toExcerpt } from "../../core/errors/error-body.js";
import { type Headers, readHeader, readRetryHint, readShouldRetry } from "../../core/errors/retry-hint.js";
import { Failure, type FailureCode, type FailureDetails } from "../../core/failure.js";
import { tryParseJson } from "../../core/json/parse.js";

/** Headers with the service's id of the request, most common first. */
const REQUEST_ID_HEADERS = ["x-request-id", "request-id", "cf-ray"];

/** Longest request id that is kept. */
const MAX_REQUEST_ID_CHARS = 200;

/** How much of an error page is read. */
const MAX_PAGE_CHARS = 8_192;

/** What the status means, by error code. It comes first, since the debug sidebar and the log are read from the left. */
const MEANING: Readonly<Partial<Record<FailureCode, string>>> = {
  authentication: "Wrong API key",
  permission: "Not allowed",
  not_found: "Not found",
  invalid_request: "Request refused",
  context_length: "The conversation is too long",
  content_filter: "Content refused",
  insufficient_credits: "No credit left",
  rate_limit: "Too many requests",
  overloaded: "The service is overloaded",
  server_error: "The service failed",
  timeout: "The service took too long",
};

/** What the author can do, by error code. */
const ADVICE: Readonly<Partial<Record<FailureCode, string>>> = {
  authentication: "Check the API key in the provider.",
  permission: "The key is valid but may not do this: check its rights and the model.",
  not_found: "Check the model's name and the provider's base URL.",
  insufficient_credits: "Check the balance and the plan of the account.",
  rate_limit: "Send requests less often, or put a retry node behind chat-stream.",
  overloaded: "Try again in a while, or put a retry node behind chat-stream.",
  context_length: "Shorten the conversation or choose a model with a larger context.",
};

/**
 * Reads a response whose status is an error, whatever the form of its body.
 * @param now wall-clock milliseconds since 1970, for hints that are dates
 */
export function readResponseFailure(status: number, headers: Headers, body: string, now: number): Failure {
  const parsed = tryParseJson(body);
  const clues = readErrorClues(parsed);
  const message = clues?.message || (parsed === undefined ? toExcerpt(stripMarkup(body)) : toExcerpt(body));
  const wait = readRetryHint(headers, parsed, message, now);
  const code = classify({ ...clues, status, message, hasRetryHint: wait !== undefined });
  const details: FailureDetails = {
    status,
    retryable: readShouldRetry(headers) ?? isRetryable(code, status),
    phase: "headers",
  };
  if (wait !== undefined) details.retryAfterMs = Math.round(wait);
  const requestId = REQUEST_ID_HEADERS.map((name) => readHeader(headers, name)).find(Boolean);
  if (requestId) details.requestId = requestId.slice(0, MAX_REQUEST_ID_CHARS);
  return new Failure(code, describeRefusal(code, status, message, ADVICE[code]), details);
}

/** Describes a response whose status is an error: what it means, what the service says, what to do. */
export function describeRefusal(code: FailureCode, status: number, message: string, advice = ""): string {
  const isAboutModel = code === "not_found" && /\bmodel\b/i.test(message);
  const meaning = isAboutModel ? "Unknown model" : (MEANING[code] ?? "The service failed");
  return `${meaning} (${status})${message ? `: ${message}` : ""}${advice ? ` — ${advice}` : ""}`;
}

/** Reads the visible text of an HTML page, such as a gateway's error page. */
function stripMarkup(body: string): string {
  let text = "";
  /** The open element whose content is not visible. */
  let hidden = "";
  const parts = body.slice(0, MAX_PAGE_CHARS).split(/(<[^<>]*>)/);
  for (const [position, part] of parts.entries()) {
    const isTag = position % 2 === 1;
    const name = isTag ? /^<\/?(style|script)\b/i.exec(part)?.[1]?.toLowerCase() : undefined;
    if (hidden === "" && name !== undefined && part[1] !== "/") hidden = name;
    else if (hidden === "") text += isTag ? " " : part;
    else if (name === hidden && part[1] === "/") hidden = "";
  }
  return text;
}
