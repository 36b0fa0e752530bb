/** What one retry costs. */
const RETRY_COST = 10;

/** What is there to begin with: ten retries. */
const INITIAL_TOKENS = 10 * RETRY_COST;

/** What good days may save up: a hundred retries. */
const MAX_TOKENS = 100 * RETRY_COST;

/** A retry that was paid for. */
export interface PaidRetry {
  /** Says how it went: whether an answer began. Only the first call counts. */
  report(wasAnswered: boolean): void;
}

/**
 * A bucket of tokens that bounds the retries of a service that is down: after ten that got no answer, the next ones
 * have to be earned. An answer earns a tenth of a retry. A retry that is answered gives back what it cost and as much
 * again: the service lives, and those who wait may come, twice as many each time.
 */
export class RetryBudget {
  private tokens = INITIAL_TOKENS;
  private running = 0;

  /** Retries that are under way: asked, and neither answered nor failed yet. */
  get runningRetries(): number {
    return this.running;
  }

  /** @returns undefined where nothing is left */
  spend(): PaidRetry | undefined {
    if (this.tokens < RETRY_COST) return undefined;
    this.tokens -= RETRY_COST;
    this.running++;
    let settled = false;
    return {
      report: (wasAnswered) => {
        if (settled) return;
        settled = true;
        this.running--;
        if (wasAnswered) this.earn(2 * RETRY_COST);
      },
    };
  }

  /** A request was answered that was no retry. */
  addAnswer(): void {
    this.earn(1);
  }

  private earn(tokens: number): void {
    this.tokens = Math.min(MAX_TOKENS, this.tokens + tokens);
  }
}
