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

/** The streams of each conversation in which the latest one replaces the others. */
export class Replacements {
  private readonly streams = new Map<string, Set<StreamSession>>();

  /**
   * Adds a stream whose request is valid: an invalid one replaces nothing.
   * @returns the older streams, which it replaces; undefined if a newer one replaces it
   */
  add(stream: StreamSession): StreamSession[] | undefined {
    const { key, message } = stream;
    const streams = this.streams.get(key) ?? new Set();
    const others = [...streams].filter(({ isOver }) => !isOver);
    // A repeated request, or the next turn of a run, counts as older than every running stream.
    const arrival = continuesEarlierWork(message) ? 0 : stream.arrival;
    this.streams.set(key, streams.add(stream));
    return others.some((other) => other.arrival > arrival) ? undefined : others;
  }

  remove(stream: StreamSession): void {
    const streams = this.streams.get(stream.key);
    if (streams?.delete(stream) && streams.size === 0) this.streams.delete(stream.key);
  }
}
