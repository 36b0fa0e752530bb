import { classify, isRetryable } from "../core/errors/classify.js";
import { readErrorClues } from "../core/errors/error-body.js";
import { readRetryHint } from "../core/errors/retry-hint.js";
import { Failure, type FailureDetails } from "../core/failure.js";
import { isObject } from "../core/json/parse.js";

/** Anthropic's overload has a status of its own, which a response that had begun with 200 can no longer have. */
const OVERLOADED = { word: "overloaded_error", status: 529 };

/**
 * What a record says of an error, for any dialect: services report errors in the middle of a response that had begun
 * with HTTP 200, as a record of its own or beside an answer's piece, named by the event or not.
 * @returns undefined where it is no error
 */
export function readStreamError(record: unknown, event: string | undefined): Failure | undefined {
  const clues = readErrorClues(record, event === "error");
  if (!clues) return undefined;
  const message = clues.message ?? "";
  // Without headers only words can ask for patience, and words are never dates.
  const wait = readRetryHint({}, record, message, 0);
  const code = classify({ ...clues, hasRetryHint: wait !== undefined });
  const details: FailureDetails = { retryable: isRetryable(code, clues.status) };
  if (clues.status !== undefined) details.status = clues.status;
  else if (clues.word === OVERLOADED.word) details.status = OVERLOADED.status;
  if (isObject(record) && typeof record["request_id"] === "string") {
    details.requestId = record["request_id"].slice(0, 200);
  }
  if (wait !== undefined) details.retryAfterMs = Math.round(wait);
  return new Failure(
    code,
    `The service reported an error in the stream: ${message || "no details given"}`,
    details,
  );
}
