import { Failure } from "../../core/failure.js";
import type { Sessions } from "../../core/lifecycle/sessions.js";
import type { Message } from "../red/api.js";

/**
 * Looks whether a message has a place in a stream: an id and an index in `msg.parts`.
 * @param node what the node does, for the error, such as “collect puts together”
 * @returns the stream's id
 * @throws Failure `configuration` that says how to wire the node
 */
export function streamIdOf({ parts }: Message, node: string): string {
  if (typeof parts?.id !== "string" || !Number.isInteger(parts.index) || parts.index < 0) {
    throw new Failure(
      "configuration",
      `${node} the messages of a stream, which have msg.parts. Wire it behind a chat-stream.`,
    );
  }
  return parts.id;
}

/** Lets go of the stream that a message means, or of all. What comes of it from here on is a stream that begins again. */
export function resetStreams<T>(sessions: Sessions<T>, { parts }: Message): void {
  const id = parts?.id;
  if (id === undefined) {
    sessions.endAll("cancelled");
    return;
  }
  sessions.end(id, "cancelled");
  // After a retry, a stream is new under its old name: not late.
  sessions.forget(id);
}

/** The sessions that a message means: the one of its stream, or all. */
export function meantBy<T>(sessions: Sessions<T>, { parts }: Message): T[] {
  if (parts?.id === undefined) return sessions.list();
  const value = sessions.get(parts.id);
  return value === undefined ? [] : [value];
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
