import type { Clock } from "../../core/clock.js";
import type { BudgetTag } from "../messages/ask-tags.js";
import type { InFlight } from "../messages/in-flight.js";
import { LOST_AFTER_MS } from "../messages/request-watch.js";
import type { Estimate } from "./charge.js";

/** How often the requests that run are looked after. */
const SWEEP_MS = 5_000;

/** A request that was let through and has not come back. */
export interface OpenRequest {
  tag: BudgetTag;
  estimate: Estimate;
  /** When something last showed that it is alive; milliseconds of a monotonic clock. */
  aliveAt: number;
}

/**
 * The requests of a budget that run. A request is lost if no node of this process works on it and nothing of its stream
 * has come for ten seconds: its flow was deployed anew, or a wire leads nowhere.
 */
export class RequestsInFlight {
  private readonly requests = new Map<string, OpenRequest>();
  private timer: unknown;

  constructor(
    private readonly clock: Clock,
    private readonly inFlight: InFlight,
    private readonly onLost: (request: OpenRequest) => void,
  ) {}

  get size(): number {
    return this.requests.size;
  }

  add(tag: BudgetTag, estimate: Estimate): void {
    this.requests.set(tag.request, { tag, estimate, aliveAt: this.clock.now() });
    this.arm();
  }

  /** Something of the request's stream has come. @returns undefined if the request is not known */
  touch(tag: BudgetTag): OpenRequest | undefined {
    const request = this.requests.get(tag.request);
    if (request) request.aliveAt = this.clock.now();
    return request;
  }

  remove(tag: BudgetTag): void {
    this.requests.delete(tag.request);
  }

  /** Looks after nothing any more. @returns the requests that still run */
  close(): OpenRequest[] {
    this.clock.clearTimer(this.timer);
    this.timer = undefined;
    return [...this.requests.values()];
  }

  private arm(): void {
    this.timer ??= this.clock.setTimer(this.sweep, SWEEP_MS);
  }

  private readonly sweep = (): void => {
    this.timer = undefined;
    const now = this.clock.now();
    for (const request of [...this.requests.values()]) {
      if (this.inFlight.isHeld(request.tag)) request.aliveAt = now;
      else if (now - request.aliveAt >= LOST_AFTER_MS) {
        this.remove(request.tag);
        this.onLost(request);
      }
    }
    if (this.requests.size > 0) this.arm();
  };
}
