import { RecentMap, shortenName } from "../../core/lifecycle/recent-map.js";
import type { Message } from "../red/api.js";
import { readAskerNames } from "./ask-tags.js";

/** Ids that are remembered. Enough for all streams that wait to be requested again, and for those that start meanwhile. */
const MAX_REMEMBERED = 10_000;

/** A stream that has started. */
interface StartedStream {
  /** Key of its conversation, or topic; undefined if it is not one that a command can name. */
  key: string | undefined;
  cancelled: boolean;
}

/**
 * Remembers which streams were cancelled, so that no later request continues them. A retry node may be waiting, or a
 * router's tools may be working, while nothing of the stream runs in this node. Ids are never used twice.
 */
export class CancelledStreams {
  /** By the stream's own id, and by the ids of the streams and runs that it is a part of. */
  private readonly started = new RecentMap<StartedStream>(MAX_REMEMBERED);

  /**
   * Notes that a stream starts.
   * @param key key of its conversation, or topic; undefined if it is not one that a command can name
   * @param message the message that asks for it
   * @returns false if the message asks on behalf of a cancelled stream
   */
  admit(id: string, key: string | undefined, message: Message): boolean {
    const names = readAskerNames(message);
    if (names.some((name) => this.started.get(name)?.cancelled)) return false;
    for (const name of [id, ...names])
      this.started.set(name, { key: key && shortenName(key), cancelled: false });
    return true;
  }

  /** Cancels one stream, which may have started in another node. What is no text names no stream. */
  cancel(id: unknown): void {
    if (typeof id === "string") this.started.set(id, { key: "", cancelled: true });
  }

  /**
   * Cancels all streams that have started in a conversation; with the key `""`, in any conversation.
   * @returns the ids of those that were not cancelled before, and of the streams and runs that they are a part of
   */
  cancelAll(key: string): string[] {
    const wanted = shortenName(key);
    const names: string[] = [];
    for (const [name, stream] of this.started.entries()) {
      if (stream.cancelled || (wanted !== "" && stream.key !== wanted)) continue;
      stream.cancelled = true;
      names.push(name);
    }
    return names;
  }
}
