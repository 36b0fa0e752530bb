import { findAdvice } from "../../core/errors/advice.js";
import { classify, isRetryable } from "../../core/errors/classify.js";
import { readErrorClues, saysNothing, toExcerpt } from "../../core/errors/error-body.js";
import { Failure, type FailureCode, type FailureDetails } from "../../core/failure.js";
import { type Headers, readHeader } from "../../core/headers.js";
import { tryParseLooseJson } from "../../core/json/loose.js";
import { readRetryHint, readShouldRetry } from "../../core/waits/retry-hint.js";

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

/**
 * Reads a response whose status is an error, whatever the form of its body.
 * @param now wall-clock milliseconds since 1970, for hints that are dates
 */
export function readResponseFailure(status: number, headers: Headers, body: string, now: number): Failure {
  const parsed = parseErrorBody(body);
  const clues = parsed === undefined ? undefined : readErrorClues(parsed, true);
  const text = parsed === undefined ? stripMarkup(body) : saysNothing(parsed) ? "" : body;
  const message = clues?.message || toExcerpt(text);
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
  return new Failure(code, describeRefusal(code, status, message, findAdvice(code)), details);
}

/** Describes a response whose status is an error: what it means, what the service says, what to do. */
export function describeRefusal(code: FailureCode, status: number, message: string, advice = ""): string {
  const isAboutModel = code === "not_found" && /\bmodel\b/i.test(message);
  const meaning = isAboutModel ? "Unknown model" : (MEANING[code] ?? "The service failed");
  return `${meaning} (${status})${message ? `: ${message}` : ""}${advice ? ` — ${advice}` : ""}`;
}

/** Parses an error's body: JSON, or the first event with JSON in a stream. @returns undefined for any other text */
function parseErrorBody(body: string): unknown {
  const text = body.trim();
  const value = tryParseLooseJson(text);
  if (value !== undefined) return value;
  for (const line of text.slice(0, MAX_PAGE_CHARS).split("\n")) {
    const record = line.startsWith("data:") ? tryParseLooseJson(line.slice(5)) : undefined;
    if (record !== undefined) return record;
  }
  return undefined;
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
