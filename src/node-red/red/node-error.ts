import { type Failure, type FailureCode, type FailureData, toFailure } from "../../core/failure.js";

/**
 * What `done` is called with. A Catch node passes on an error's own `code` and `cause` and nothing else, so the
 * cause is the whitelist of plain fields: it can hold no header and no key.
 */
export interface NodeError extends Error {
  code: FailureCode;
  cause: FailureData;
}

export function toNodeError(failure: Failure): NodeError {
  return Object.assign(new Error(failure.message), { code: failure.code, cause: failure.toJSON() });
}

/** For anything thrown while a message was handled: what a message got wrong is a bad request. */
export function wrapThrown(thrown: unknown): NodeError {
  return toNodeError(toFailure(thrown, "invalid_request"));
}
