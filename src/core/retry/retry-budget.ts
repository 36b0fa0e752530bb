/** Tokens that one retry costs. */
const RETRY_COST = 10;

/** Tokens at the beginning: ten retries. */
const INITIAL_TOKENS = 10 * RETRY_COST;

/** The most tokens that can be saved: a hundred retries. */
const MAX_TOKENS = 100 * RETRY_COST;

/** A retry that was paid for and is under way. */
export interface PaidRetry {
  /**
   * Reports how it went. Only the first call counts.
   * @param outcome whether an answer began; `unused` if the service was never asked, which gives the price back
   */
  report(outcome: "answered" | "failed" | "unused"): void;
}

/**
 * A token bucket that limits the retries of a service that is down. Ten retries are free, then ten answers earn one. A
 * retry that is answered earns two, so that the retries that wait can follow quickly once the service is back.
 */
export class RetryBudget {
  private tokens = INITIAL_TOKENS;
  private running = 0;

  /** Retries under way: requested, and neither answered nor failed yet. */
  get runningRetries(): number {
    return this.running;
  }

  /** Pays for a retry. @returns undefined if there are too few tokens */
  spend(): PaidRetry | undefined {
    if (this.tokens < RETRY_COST) return undefined;
    this.tokens -= RETRY_COST;
    this.running++;
    let isReported = false;
    return {
      report: (outcome) => {
        if (isReported) return;
        isReported = true;
        this.running--;
        if (outcome === "answered") this.earn(2 * RETRY_COST);
        if (outcome === "unused") this.earn(RETRY_COST);
      },
    };
  }

  /** Adds the answer of a request that was not a retry. */
  addAnswer(): void {
    this.earn(1);
  }

  private earn(tokens: number): void {
    this.tokens = Math.min(MAX_TOKENS, this.tokens + tokens);
  }
}
