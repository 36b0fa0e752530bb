import type { Clock } from "../../core/clock.js";
import type { AskTag } from "./ask-tags.js";
import type { InFlight } from "./in-flight.js";

/** A request is lost if no node of this process works on it and nothing of its stream has come for this time. */
export const LOST_AFTER_MS = 10_000;

/** Looks now and then whether some node works on a request, so that a request that got lost on a wire fails within seconds. */
export class RequestWatch {
  private timer: unknown;
  private tag: AskTag | undefined;
  /** When something last showed that the request is alive. */
  private aliveAt = 0;

  /** @param onLost called once if nobody works on the request and its stream has not ended */
  constructor(
    private readonly clock: Clock,
    private readonly inFlight: InFlight,
    private readonly onLost: (tag: AskTag) => void,
  ) {}

  /** Watches a request, in place of the one before. */
  start(tag: AskTag): void {
    this.stop();
    this.tag = tag;
    this.touch();
    this.arm();
  }

  /** Something of the request's stream has come. */
  touch(): void {
    if (this.tag) this.aliveAt = this.clock.now();
  }

  stop(): void {
    this.tag = undefined;
    this.clock.clearTimer(this.timer);
  }

  private arm(): void {
    this.timer = this.clock.setTimer(this.look, this.aliveAt + LOST_AFTER_MS - this.clock.now());
  }

  private readonly look = (): void => {
    const tag = this.tag!;
    if (this.inFlight.isHeld(tag)) this.touch();
    if (this.aliveAt + LOST_AFTER_MS > this.clock.now()) this.arm();
    else {
      this.stop();
      this.onLost(tag);
    }
  };
}
