import type { FailureData } from "../../core/failure.js";
import { FailureWindow } from "../../core/retry/failure-window.js";
import { type PaidRetry, RetryBudget } from "../../core/retry/retry-budget.js";
import type { RouteName } from "../messages/retry-tag.js";
import type { Message, RuntimeNode } from "../red/api.js";

const OUTPUT: Readonly<Record<RouteName, number>> = { again: 1, fallback: 2 };

/** What a node knows of the service behind one of its outputs. */
class Route {
  private readonly budget = new RetryBudget();
  private readonly refusals = new FailureWindow();

  settle(paid: PaidRetry | undefined, failure: FailureData | undefined, now: number): void {
    const answered = failure?.partial !== "";
    if (answered) this.refusals.addAnswer();
    // A line that broke is no refusal: no service counts it.
    else if (failure.status !== undefined) this.refusals.addRefusal(now);
    if (paid) paid.report(answered);
    else if (answered) this.budget.addAnswer();
  }

  mayAsk(now: number): PaidRetry | "later" | "never" {
    const { runningRetries: underWay } = this.budget;
    if (!this.refusals.mayRetry(now, underWay)) return "later";
    return this.budget.spend() ?? (underWay > 0 ? "later" : "never");
  }
}

/** The ways that a request may take, and how their services have fared lately. */
export class RetryRoutes {
  private readonly routes = { again: new Route(), fallback: new Route() };

  constructor(private readonly node: RuntimeNode) {}

  readonly isWired = (name: RouteName): boolean => (this.node.wires?.[OUTPUT[name]] ?? []).length > 0;

  /**
   * Notes how a request fared.
   * @param paid what it cost, where it was a retry
   * @param failure undefined as soon as it is answered
   * @param now milliseconds of a monotonic clock
   */
  settle(name: RouteName, paid: PaidRetry | undefined, failure: FailureData | undefined, now: number): void {
    this.routes[name].settle(paid, failure, now);
  }

  /**
   * Whether to ask again now. `later`: others are asking on trial, and how they fare is not known yet.
   * @returns what was paid for it, where it may be asked
   */
  mayAsk(name: RouteName, now: number): PaidRetry | "later" | "never" {
    return this.routes[name].mayAsk(now);
  }

  /** A message on its way out. @param names one, or both */
  outputs(message: Message, ...names: RouteName[]): (Message | null)[] {
    const outputs: (Message | null)[] = [null, null, null];
    for (const name of names) outputs[OUTPUT[name]] = message;
    return outputs;
  }
}
