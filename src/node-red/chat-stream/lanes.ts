import { Slots, type Ticket } from "../../core/lifecycle/slots.js";

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
