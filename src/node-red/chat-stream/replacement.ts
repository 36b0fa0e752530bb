import { tagOf } from "../messages/retry-tag.js";
import { asksForNextTurn } from "../messages/run-tag.js";
import type { Message } from "../red/api.js";
import type { ComposedRequest } from "./request.js";

/** As much of a stream as decides who replaces whom. */
interface QueuedStream {
  key: string;
  message: Message;
  /** What is asked, once it is known to be a question: what is none replaces nothing. */
  composed: ComposedRequest | undefined;
  isOver: boolean;
}

/**
 * Of the streams of one conversation that replace each other, the newest is left.
 * @param streams all of the node, oldest first
 * @returns those that the stream replaces; undefined where a newer one has replaced it
 */
export function findReplaced<T extends QueuedStream>(stream: T, streams: readonly T[]): T[] | undefined {
  // A repeated request, or a run's next turn, is older than whatever runs by now.
  const old = tagOf(stream.message) !== undefined || asksForNextTurn(stream.message);
  const place = old ? -1 : streams.indexOf(stream);
  const replaced: T[] = [];
  for (const [at, other] of streams.entries()) {
    if (other === stream || !other.composed || other.isOver || other.key !== stream.key) continue;
    if (at > place) return undefined;
    replaced.push(other);
  }
  return replaced;
}
