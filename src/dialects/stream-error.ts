import { classify, isRetryable } from "../core/classify.js";
import { errorClues } from "../core/error-body.js";
import { Failure, type FailureDetails } from "../core/failure.js";
import { retryHint } from "../core/retry-hint.js";

/**
 * What a record says of an error, for any dialect: services report errors in the middle of a response that had begun
 * with HTTP 200, as a record of its own or beside an answer's piece, named by the event or not.
 * @returns undefined where it is no error
 */
export function reportedError(record: unknown, event: string | undefined): Failure | undefined {
  const clues = errorClues(record, event === "error");
  if (!clues) return undefined;
  const code = classify(clues);
  const message = clues.message ?? "";
  const details: FailureDetails = { retryable: isRetryable(code, clues.status) };
  if (clues.status !== undefined) details.status = clues.status;
  // Without headers only words can ask for patience, and words are never dates.
  const wait = retryHint({}, record, message, 0);
  if (wait !== undefined) details.retryAfterMs = Math.round(wait);
  return new Failure(
    code,
    `The service reported an error in the stream: ${message || "no details given"}`,
    details,
  );
}
