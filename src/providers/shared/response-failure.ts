import { classify, isRetryable } from "../../core/errors/classify.js";
import { errorClues, excerpt } from "../../core/errors/error-body.js";
import { type Headers, header, retryHint, shouldRetry } from "../../core/errors/retry-hint.js";
import { Failure, type FailureCode, type FailureDetails } from "../../core/failure.js";
import { tryParseJson } from "../../core/json/parse.js";

/** Where a service says which request it was, most usual first. */
const REQUEST_ID_HEADERS = ["x-request-id", "request-id", "cf-ray"];

/** What an author can do about each kind of refusal. */
const ADVICE: Readonly<Partial<Record<FailureCode, string>>> = {
  authentication: "Check the API key in the provider.",
  permission: "The key is valid but may not do this: check its rights and the model.",
  not_found: "Check the model's name and the provider's base URL.",
  insufficient_credits: "Check the balance and the plan of the account.",
  rate_limit: "Ask less often, or put a retry node behind chat-stream.",
  overloaded: "Try again in a while, or put a retry node behind chat-stream.",
  context_length: "Shorten the conversation or choose a model with a larger context.",
};

/**
 * What a response that is no success says, whatever the form of its body.
 * @param now wall-clock milliseconds, for hints that are dates
 */
export function readResponseFailure(status: number, headers: Headers, body: string, now: number): Failure {
  const parsed = tryParseJson(body);
  const said = errorClues(parsed);
  const message = said?.message || (parsed === undefined ? excerpt(stripMarkup(body)) : excerpt(body));
  const wait = retryHint(headers, parsed, message, now);
  const code = classify({ ...said, status, message, waits: wait !== undefined });
  const details: FailureDetails = {
    status,
    retryable: shouldRetry(headers) ?? isRetryable(code, status),
    phase: "headers",
  };
  if (wait !== undefined) details.retryAfterMs = Math.round(wait);
  const requestId = REQUEST_ID_HEADERS.map((name) => header(headers, name)).find(Boolean);
  if (requestId) details.requestId = requestId.slice(0, 200);
  const advice = ADVICE[code];
  return new Failure(
    code,
    `The service answered ${status}${message ? `: ${message}` : ""}${advice ? ` — ${advice}` : ""}`,
    details,
  );
}

function stripMarkup(body: string): string {
  return body
    .slice(0, 8_192)
    .replace(/<(style|script)[\s\S]*?<\/\1>/gi, " ")
    .replace(/<[^>]*>/g, " ");
}
