import type { Clock } from "../../core/clock.js";
import type { AskTag } from "./ask-tags.js";
import type { InFlight } from "./in-flight.js";

/** A request that no node of this process works on is lost after this time. */
const LOST_AFTER_MS = 10_000;

/** Looks now and then whether some node works on a request, so that one that got lost on a wire is told within seconds. */
export class RequestWatch {
  private timer: unknown;

  /** @param onLost called once if nobody works on the request and its stream has not ended */
  constructor(
    private readonly clock: Clock,
    private readonly inFlight: InFlight,
    private readonly onLost: (tag: AskTag) => void,
  ) {}

  /** Watches a request, in place of the one before. */
  start(tag: AskTag): void {
    this.stop();
    this.timer = this.clock.setTimer(() => {
      if (this.inFlight.isHeld(tag)) this.start(tag);
      else this.onLost(tag);
    }, LOST_AFTER_MS);
  }

  stop(): void {
    this.clock.clearTimer(this.timer);
    this.timer = undefined;
  }
}
