import type { FailureData } from "../../core/failure.js";
import { isObject } from "../../core/json/parse.js";
import type { Message } from "../red/api.js";

/**
 * Whether a message is the last of its sequence: of one of our streams (`msg.complete`), or of another sequence, such as
 * that of core `split`, which puts the count on every message.
 */
export function isLastMessage({ complete, parts }: Message): boolean {
  return complete !== undefined || (parts !== undefined && parts.count === parts.index + 1);
}

/** Reads a message's payload as text. A missing payload is empty text. */
export function readPayloadText({ payload }: Message): string {
  return typeof payload === "string" ? payload : String(payload ?? "");
}

/**
 * Reads `msg.error` of a stream's last message.
 * @returns undefined if there is none, or if it is not in the form that chat-stream writes
 */
export function readFailure(message: Message): FailureData | undefined {
  const { error } = message;
  if (!isObject(error) || typeof error["code"] !== "string") return undefined;
  const { partial } = error;
  return { ...(error as unknown as FailureData), partial: typeof partial === "string" ? partial : "" };
}
