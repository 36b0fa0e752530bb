import { Slots, type Ticket } from "../../../core/lifecycle/slots.js";
import { continuesEarlierWork } from "../../messages/ask-tags.js";
import type { StreamSession } from "../session.js";

/** The node limits how many messages it takes, so a lane needs no limit of its own. */
const UNBOUNDED = Number.POSITIVE_INFINITY;

/** Runs one task of each lane at a time, in order of arrival. A lane is a conversation. */
export class Lanes {
  private readonly lanes = new Map<string, Slots>();

  /**
   * Queues a task in a lane.
   * @param start called when the lane is free, at once if it is free already
   * @returns the task's place; the task releases it at its end
   */
  enter(name: string, start: () => void): Ticket {
    let lane = this.lanes.get(name);
    if (!lane) {
      lane = new Slots(1, UNBOUNDED);
      this.lanes.set(name, lane);
    }
    const slots = lane;
    const ticket = slots.acquire(start)!;
    return {
      release: () => {
        ticket.release();
        if (slots.isIdle && this.lanes.get(name) === slots) this.lanes.delete(name);
      },
    };
  }
}

/** The open streams of each conversation, so that finding those of one does not visit all. */
export class StreamsByKey {
  private readonly streams = new Map<string, Set<StreamSession>>();

  add(stream: StreamSession): void {
    const streams = this.streams.get(stream.key);
    if (streams) streams.add(stream);
    else this.streams.set(stream.key, new Set([stream]));
  }

  remove(stream: StreamSession): void {
    const streams = this.streams.get(stream.key);
    if (streams?.delete(stream) && streams.size === 0) this.streams.delete(stream.key);
  }

  /** @returns the streams of a key, oldest first */
  list(key: string): StreamSession[] {
    return [...(this.streams.get(key) ?? [])];
  }
}

/**
 * Finds the older streams of the same conversation, which a new stream replaces.
 * @param streams the open streams of the conversation, oldest first
 * @returns undefined if a newer stream exists, which replaces this one
 */
export function findReplaced(
  stream: StreamSession,
  streams: readonly StreamSession[],
): StreamSession[] | undefined {
  // A repeated request, or the next turn of a run, counts as older than every running stream.
  const isOldQuestion = continuesEarlierWork(stream.message);
  const position = isOldQuestion ? -1 : streams.indexOf(stream);
  const replaced: StreamSession[] = [];
  for (const [at, other] of streams.entries()) {
    if (other === stream || !other.composed || other.isOver || other.key !== stream.key) continue;
    if (at > position) return undefined;
    replaced.push(other);
  }
  return replaced;
}
