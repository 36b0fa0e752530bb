import { Failure, type FailureData } from "../../core/failure.js";
import { isObject } from "../../core/json/parse.js";
import type { Message } from "../red/api.js";

/**
 * Looks whether a message has a place in a stream: an id and an index in `msg.parts`.
 * @param node what the node does, for the error, such as “collect puts together”
 * @returns the stream's id
 * @throws Failure `configuration` that says how to wire the node
 */
export function requireStreamId({ parts }: Message, node: string): string {
  if (typeof parts?.id !== "string" || !Number.isInteger(parts.index) || parts.index < 0) {
    throw new Failure(
      "configuration",
      `${node} the messages of a stream, which have msg.parts. Wire it behind a chat-stream.`,
    );
  }
  return parts.id;
}

/**
 * Whether a message is the last of its sequence: of one of our streams (`msg.complete`), or of another one, such as core
 * `split`, which puts the count on each message.
 */
export function isLastMessage({ complete, parts }: Message): boolean {
  return complete !== undefined || (parts !== undefined && parts.count === parts.index + 1);
}

/** A message's payload as text; empty if it has none. */
export function readPayloadText({ payload }: Message): string {
  return typeof payload === "string" ? payload : String(payload ?? "");
}

/** A message's own failure, as chat-stream wrote it. */
export function readFailure(message: Message): FailureData | undefined {
  const { error } = message;
  if (!isObject(error) || typeof error["code"] !== "string") return undefined;
  const { partial } = error;
  return { ...(error as unknown as FailureData), partial: typeof partial === "string" ? partial : "" };
}
