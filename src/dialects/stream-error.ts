import { classify, type ErrorClues, isRetryable } from "../core/errors/classify.js";
import { readErrorClues } from "../core/errors/error-body.js";
import { readRetryHint } from "../core/errors/retry-hint.js";
import { Failure, type FailureDetails } from "../core/failure.js";
import { isObject } from "../core/json/parse.js";

/** Anthropic's HTTP status for an overload. In a stream, which has begun with 200, only the word reports it. */
const OVERLOADED = { word: "overloaded_error", status: 529 };

const MAX_REQUEST_ID_CHARS = 200;

/**
 * Reads an error that a service reports in a response that began with HTTP 200. It may be a record of its own or stand
 * beside a piece of the answer, with or without an event of that name; the forms are those of error bodies.
 * @returns undefined if the record reports no error
 */
export function readStreamError(record: unknown, event: string | undefined): Failure | undefined {
  const clues = readErrorClues(record, event === "error");
  return clues && createStreamFailure(record, clues);
}

/**
 * Takes the error out of a choice or candidate, where a service reports that the answer broke off (OpenRouter). It stands
 * beside the choice's delta or message, or inside of it.
 * @returns undefined if no choice has one
 */
export function takeChoiceError(record: unknown): Failure | undefined {
  if (!isObject(record)) return undefined;
  const list = record["choices"] ?? record["candidates"];
  if (!Array.isArray(list)) return undefined;
  for (const choice of list) {
    if (!isObject(choice)) continue;
    for (const holder of [choice, choice["delta"], choice["message"]]) {
      if (!isObject(holder) || !isError(holder["error"])) continue;
      const { error } = holder;
      delete holder["error"];
      return readStreamError({ error }, undefined);
    }
  }
  return undefined;
}

/** Whether the value of a field called `error` reports one. Some services send an empty one with each choice. */
function isError(value: unknown): boolean {
  if (typeof value !== "object" || value === null)
    return value === true || (typeof value === "string" && value !== "");
  return Object.values(value).some((member) => member !== null && member !== undefined && member !== "");
}

function createStreamFailure(record: unknown, clues: ErrorClues): Failure {
  const message = clues.message ?? "";
  // Only headers have dates, so without headers the current time (0) does not matter.
  const wait = readRetryHint({}, record, message, 0);
  const code = classify({ ...clues, hasRetryHint: wait !== undefined });
  const details: FailureDetails = { retryable: isRetryable(code, clues.status) };
  if (clues.status !== undefined) details.status = clues.status;
  else if (clues.word === OVERLOADED.word) details.status = OVERLOADED.status;
  if (isObject(record) && typeof record["request_id"] === "string") {
    details.requestId = record["request_id"].slice(0, MAX_REQUEST_ID_CHARS);
  }
  if (wait !== undefined) details.retryAfterMs = Math.round(wait);
  return new Failure(
    code,
    `The service reported an error in the stream: ${message || "no details given"}`,
    details,
  );
}
