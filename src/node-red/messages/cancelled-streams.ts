import { RecentMap } from "../../core/lifecycle/recent-map.js";
import type { Message } from "../red/api.js";
import { namesOf } from "./retry-tag.js";

/** Names that are remembered: of all streams that wait somewhere to be asked for again, with room for others between. */
const MAX_REMEMBERED = 10_000;

/** A stream that has begun. */
interface StartedStream {
  key: unknown;
  cancelled: boolean;
}

/**
 * What was cancelled while nothing of it ran here: a retry node waits, or a router's tools are at work, and asks
 * later on behalf of a stream that nobody wants any more. Names are unique, so a new question never has an old one.
 */
export class CancelledStreams {
  /** By their own ids, and by the names of those that they are a part of. */
  private readonly started = new RecentMap<StartedStream>(MAX_REMEMBERED);

  /**
   * Notes a stream that begins.
   * @param key of its conversation
   * @param message what asks for it
   * @returns false where that asks on behalf of one that was cancelled
   */
  admit(id: string, key: unknown, message: Message): boolean {
    const names = namesOf(message);
    if (names.some((name) => this.started.get(name)?.cancelled)) return false;
    for (const name of [id, ...names]) this.started.set(name, { key, cancelled: false });
    return true;
  }

  /** Cancels one, which may have begun elsewhere. */
  cancel(id: string): void {
    this.started.set(id, { key: "", cancelled: true });
  }

  /** Cancels all that have begun in a conversation; without a key, in any. */
  cancelAll(key: unknown): void {
    for (const stream of this.started.values()) if (key === "" || stream.key === key) stream.cancelled = true;
  }
}
