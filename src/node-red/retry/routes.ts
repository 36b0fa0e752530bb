import type { Clock } from "../../core/clock.js";
import type { FailureData } from "../../core/failure.js";
import { RefusalWindow } from "../../core/retry/refusal-window.js";
import { type PaidRetry, RetryBudget } from "../../core/retry/retry-budget.js";
import { findRefusalRule } from "../../providers/index.js";

/** A retry in the queue gives up after this time: by then a request that is under way should have ended. */
const MAX_QUEUE_WAIT_MS = 150_000;

/** A retry in the queue. */
interface Waiter {
  /** @param paid undefined if the service is not asked again */
  decide(paid: PaidRetry | undefined): void;
  timer: unknown;
}

/** What a node knows of the service behind one output, and the retries that wait for it to show that it lives. */
export class RetryRoute {
  private readonly budget = new RetryBudget();
  private refusals: RefusalWindow | undefined;
  private readonly waiters = new Set<Waiter>();
  private opening: unknown;

  constructor(private readonly clock: Clock) {}

  /**
   * Notes how a request fared.
   * @param paid what it cost, if it was a retry
   * @param failure undefined as soon as it is answered
   */
  settle(paid: PaidRetry | undefined, failure: FailureData | undefined): void {
    const isAnswered = failure?.partial !== "";
    // The provider's own full queue says nothing of the service.
    if (failure?.phase === "queue") paid?.report("unused");
    else {
      if (isAnswered) this.refusals?.addAnswer();
      else this.noteRefusal(failure);
      if (paid) paid.report(isAnswered ? "answered" : "failed");
      else if (isAnswered) this.budget.addAnswer();
    }
    this.admitWaiters();
  }

  /**
   * Lets a retry wait in the queue until the service may be asked again. Usually that is at once.
   * @param decide gets what was paid, or undefined if the service fails too often to be asked
   * @returns leaves the queue; without effect after the decision
   */
  enter(decide: Waiter["decide"]): () => void {
    const waiter: Waiter = { decide, timer: undefined };
    this.waiters.add(waiter);
    this.admitWaiters();
    if (this.waiters.has(waiter)) {
      waiter.timer = this.clock.setTimer(() => this.leave(waiter, undefined), MAX_QUEUE_WAIT_MS);
    }
    return () => {
      this.clock.clearTimer(waiter.timer);
      this.waiters.delete(waiter);
      if (this.waiters.size === 0) this.clock.clearTimer(this.opening);
    };
  }

  private admitWaiters(): void {
    this.clock.clearTimer(this.opening);
    for (const waiter of this.waiters) {
      const { runningRetries } = this.budget;
      const waitMs = this.refusals?.measureWait(this.clock.now(), runningRetries) ?? 0;
      if (waitMs > 0) {
        this.opening = this.clock.setTimer(() => this.admitWaiters(), waitMs);
        return;
      }
      const paid = this.budget.spend();
      // The answer of a retry that is under way pays for others.
      if (!paid && runningRetries > 0) return;
      this.leave(waiter, paid);
    }
  }

  private leave(waiter: Waiter, paid: PaidRetry | undefined): void {
    if (!this.waiters.delete(waiter)) return;
    this.clock.clearTimer(waiter.timer);
    waiter.decide(paid);
  }

  /** A broken connection is not a refusal: no service counts it. */
  private noteRefusal(failure: FailureData): void {
    if (failure.status === undefined) return;
    const rule = findRefusalRule(failure.provider);
    if (!rule) return;
    this.refusals ??= new RefusalWindow(rule);
    this.refusals.addRefusal(this.clock.now());
  }
}
