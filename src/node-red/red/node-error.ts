import { type Failure, type FailureCode, type FailureData, toFailure } from "../../core/failure.js";

/**
 * The error for `done`. A Catch node passes on an error's `code` and `cause` only. The cause has the whitelisted plain
 * fields of the failure, so it cannot contain a header or a key.
 */
export interface NodeError extends Error {
  code: FailureCode;
  cause: FailureData;
}

/** Converts a failure to the error for `done`. */
export function toNodeError(failure: Failure): NodeError {
  return Object.assign(new Error(failure.message), { code: failure.code, cause: failure.toJSON() });
}

/** Converts anything that was thrown while a message was handled. An unknown error counts as `invalid_request`. */
export function wrapThrown(thrown: unknown): NodeError {
  return toNodeError(toFailure(thrown, "invalid_request"));
}
