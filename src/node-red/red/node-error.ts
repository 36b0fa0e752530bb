import { type Failure, type FailureCode, type FailureData, toFailure } from "../../core/failure.js";
import { isObject } from "../../core/json/parse.js";
import type { Message, RuntimeNode } from "./api.js";
import { keepHttp } from "./message-copy.js";

/**
 * The error for `done`. A Catch node passes on an error's `code`, `cause` and `stack` only. The cause has the whitelisted
 * plain fields of the failure, so it cannot contain a header or a key.
 */
export interface NodeError {
  readonly code: FailureCode;
  readonly cause: FailureData;
  readonly message: string;
  readonly stack: string | undefined;
  toString(): string;
}

/**
 * Converts a failure to the error for `done`. It is a String object with properties: the debug sidebar shows a text in
 * full, but of an Error object only the beginning, beside `cause: "[object Object]"` and a stack.
 */
export function toNodeError(failure: Failure): NodeError {
  const { code, message } = failure;
  const { stack } = new Error(message);
  return Object.assign(Object(message) as object, { code, message, cause: failure.toJSON(), stack });
}

/** Converts anything that was thrown while a message was handled. An unknown error counts as `invalid_request`. */
export function wrapThrown(thrown: unknown): NodeError {
  return toNodeError(toFailure(thrown, "invalid_request"));
}

/** @returns the node that failed, as a Catch node describes it; undefined if the message comes from no Catch node */
export function readErrorSource({ error }: Message): Record<string, unknown> | undefined {
  const source = isObject(error) ? error["source"] : undefined;
  return isObject(source) ? source : undefined;
}

/**
 * Reports an error to Catch nodes and the log. A Catch node gets a copy of the message; if the runtime cannot copy all of
 * it, it gets what can be copied. Does not throw.
 * @param copyRest copies the message without what cannot be copied
 */
export function reportError(
  node: RuntimeNode,
  error: unknown,
  message: Message,
  copyRest: (message: Message) => Message = keepId,
): void {
  const candidates = [() => message, () => copyRest(message), () => keepId(message), () => ({})];
  for (const create of candidates) {
    try {
      const reported = create();
      keepHttp([reported], () => node.error(error, reported));
      return;
    } catch {
      // Less of the message may do.
    }
  }
}

function keepId({ _msgid }: Message): Message {
  return typeof _msgid === "string" ? { _msgid } : {};
}
