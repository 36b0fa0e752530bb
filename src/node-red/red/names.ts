import { Failure } from "../../core/failure.js";
import type { Message } from "./api.js";

/**
 * Reads a value that tells streams, people or conversations apart, such as a conversation key, a topic or an id. Texts and
 * numbers can do that. As text, all objects would be one, and so one visitor would get another's conversation.
 * @param property names the value in the author's terms, for the error
 * @returns undefined if there is none
 * @throws Failure `invalid_request` if it is neither a text nor a number
 */
export function readName(value: unknown, property: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (isName(value)) return String(value);
  throw new Failure(
    "invalid_request",
    `${property} must be a text or a number, not ${describeKind(value)}: it tells streams and conversations apart. Choose a property that is one, such as an id.`,
  );
}

/** @returns the topic of a message as a name; undefined if it cannot be one, so that no command finds the message by it */
export function readOwnTopic({ topic }: Message): string | undefined {
  // Inject nodes write an empty topic.
  if (topic === undefined || topic === null) return "";
  return isName(topic) ? String(topic) : undefined;
}

/**
 * Reads which streams a command means by its topic.
 * @returns `""` without a topic: all streams
 * @throws Failure `invalid_request` if the topic is neither a text nor a number
 */
export function readCommandTopic({ topic }: Message): string {
  return readName(topic, "msg.topic") ?? "";
}

/**
 * Reads the id of the stream that a message is a part of, or that a command names.
 * @returns undefined if it has none
 * @throws Failure `invalid_request` if the id is neither a text nor a number
 */
export function readStreamId({ parts }: Message): string | undefined {
  return readName((parts as { id?: unknown } | undefined | null)?.id, "msg.parts.id");
}

function isName(value: unknown): value is string | number | bigint {
  return typeof value === "string" || typeof value === "bigint" || Number.isFinite(value);
}

function describeKind(value: unknown): string {
  if (Array.isArray(value)) return "an array";
  if (typeof value === "number") return String(value);
  return typeof value === "boolean"
    ? "a truth value"
    : typeof value === "object"
      ? "an object"
      : `a ${typeof value}`;
}
