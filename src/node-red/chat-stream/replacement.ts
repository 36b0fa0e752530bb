import { tagOf } from "../messages/retry-tag.js";
import { asksForNextTurn } from "../messages/run-tag.js";
import type { Message } from "../red/api.js";
import type { ComposedRequest } from "./request.js";

/** The part of a stream that decides which stream replaces which. */
interface QueuedStream {
  key: string;
  message: Message;
  /** The request, once it is composed and valid. A stream without one is not replaced. */
  composed: ComposedRequest | undefined;
  isOver: boolean;
}

/**
 * Finds the older streams of the same conversation, which a new stream replaces.
 * @param streams all streams of the node, oldest first
 * @returns undefined if a newer stream exists, which replaces this one
 */
export function findReplaced<T extends QueuedStream>(stream: T, streams: readonly T[]): T[] | undefined {
  // A repeated request, or the next turn of a run, counts as older than every running stream.
  const isOldQuestion = tagOf(stream.message) !== undefined || asksForNextTurn(stream.message);
  const position = isOldQuestion ? -1 : streams.indexOf(stream);
  const replaced: T[] = [];
  for (const [at, other] of streams.entries()) {
    if (other === stream || !other.composed || other.isOver || other.key !== stream.key) continue;
    if (at > position) return undefined;
    replaced.push(other);
  }
  return replaced;
}
