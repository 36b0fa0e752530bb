import { Failure, type FailureData } from "../../core/failure.js";
import { isObject } from "../../core/json/parse.js";
import type { Message, Parts } from "../red/api.js";
import { copyReadable, isOrdinary } from "../red/message-copy.js";
import { copyParts, inheritProperties } from "./inherited-properties.js";

/**
 * Whether a message is the last of its sequence: of one of our streams (`msg.complete`), or of another sequence, such as
 * that of core `split`, which puts the count on every message.
 */
export function isLastMessage({ complete, parts }: Message): boolean {
  return complete !== undefined || (parts !== undefined && parts.count === parts.index + 1);
}

/** Reads a message's payload as text. A missing payload is empty text, and so is an object that has no text form. */
export function readPayloadText({ payload }: Message): string {
  if (typeof payload === "string") return payload;
  try {
    return String(payload ?? "");
  } catch {
    return "";
  }
}

/**
 * Reads the text of a stream's message. A number counts as text. The payload may be missing on the last message, and beside
 * a chunk.
 * @throws Failure `bad_response` if a flow has put something else in its place: as a text, it would be a wrong answer
 */
export function requirePayloadText(message: Message): string {
  const { payload, chunk } = message;
  if (typeof payload === "string") return payload;
  if (typeof payload === "number") return String(payload);
  const isMissing = payload === undefined || payload === null;
  if (isMissing && (chunk !== undefined || isLastMessage(message))) return "";
  throw new Failure(
    "bad_response",
    `A message of the stream has ${describePayload(payload)} as its payload, not text. Leave msg.payload as it is, or change it behind the node that collects the answer.`,
  );
}

function describePayload(payload: unknown): string {
  if (payload === undefined || payload === null) return "nothing";
  if (Buffer.isBuffer(payload)) return "a buffer";
  if (Array.isArray(payload)) return "a list";
  return typeof payload === "object" ? "an object" : `a ${typeof payload}`;
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

/** Whether a request has failed before any model has worked on it: the service was not reached, or has refused it. */
export function isUnbilled({ phase, status }: FailureData): boolean {
  return phase === "queue" || phase === "connect" || (phase === "headers" && status !== undefined);
}

/** A message with a place in a sequence. */
export type StreamMessage = Message & { parts: Parts };

export function hasPlace(message: Message): message is StreamMessage {
  const { parts } = message;
  return typeof parts?.id === "string" && Number.isSafeInteger(parts.index) && parts.index >= 0;
}

/** @returns the message, or a copy of it if a node cannot read or change it: a flow may freeze what it sends */
export function toOrdinary(message: StreamMessage): StreamMessage {
  return isOrdinary(message) ? message : { ...copyReadable(message), parts: { ...message.parts } };
}

/** Whether a message belongs to a stream of this package. Sequences of core nodes, such as those of `split`, do not. */
export function isStreamMessage(message: Message): message is StreamMessage {
  if (!hasPlace(message)) return false;
  const { parts, chunk, complete } = message;
  if (chunk !== undefined || complete === true) return true;
  const isOwn = parts.type === "string" && parts.ch === "" && parts.count === undefined && !("len" in parts);
  return isOwn || isRestartNotice(message);
}

/** @returns how often the message's stream has begun again; 0 for one that never has */
export function readRestarts({ parts }: Message): number {
  const restarts = parts?.restarts;
  return typeof restarts === "number" && Number.isInteger(restarts) && restarts > 0 ? restarts : 0;
}

/** Writes how often a stream has begun again for its reader, in place of what the message came with. */
export function writeRestarts(parts: Parts, restarts: number): void {
  if (restarts > 0) parts.restarts = restarts;
  else if (parts.restarts !== undefined) delete parts.restarts;
}

/** Whether `msg.reset` is not a command: the stream itself begins again, by the doing of a retry node before this one. */
export function isRestartNotice(message: Message): boolean {
  // Few streams begin again, and reading that costs less than asking for an own property.
  return readRestarts(message) > 0 && Object.hasOwn(message, "reset") && hasPlace(message);
}

/**
 * Whether a message may be such a notice whose `msg.reset` a flow has dropped: it adds nothing, and a stream that begins
 * again has another message at its place.
 */
export function mayBeRestartNotice(message: Message): boolean {
  const { payload, chunk, partial } = message;
  if (payload !== "" || chunk !== undefined || partial !== undefined) return false;
  return readRestarts(message) > 0 && !isLastMessage(message);
}

/** Creates a message to go before one of its stream. With the count, it would look like the last one. */
export function createMessageBefore(message: StreamMessage, payload: string): StreamMessage {
  const { count: _, ...parts } = copyParts(message.parts)!;
  return { ...inheritProperties(message), payload, parts };
}

/** @returns the message that tells readers to forget a stream, made of one of its messages after the new beginning */
export function createRestartNotice(message: StreamMessage): Message {
  if (isRestartNotice(message)) return { ...message };
  const { count: _, ...parts } = message.parts;
  return { ...inheritProperties(message), payload: "", parts: { ...parts, index: 0 }, reset: true };
}
