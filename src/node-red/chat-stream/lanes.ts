import { Slots, type Ticket } from "../../core/lifecycle/slots.js";

/** The node bounds how many messages it takes; here all of them may wait. */
const UNBOUNDED = Number.POSITIVE_INFINITY;

/** Lets one of each lane run at a time, in order of arrival. */
export class Lanes {
  private readonly lanes = new Map<string, Slots>();

  /** @param start called when the lane is free; at once where it is */
  enter(name: string, start: () => void): Ticket {
    let lane = this.lanes.get(name);
    if (!lane) {
      lane = new Slots(1, UNBOUNDED);
      this.lanes.set(name, lane);
    }
    const slots = lane;
    const ticket = slots.take(start)!;
    return {
      release: () => {
        ticket.release();
        if (slots.idle && this.lanes.get(name) === slots) this.lanes.delete(name);
      },
    };
  }
}
