/** What one retry costs. */
const COST = 10;

/** What is there to begin with: ten retries. */
const INITIAL = 10 * COST;

/** What good days may save up: a hundred retries. */
const CAPACITY = 100 * COST;

/** A retry that was paid for. */
export interface PaidRetry {
  /** Says how it went: whether an answer began. Only the first call counts. */
  settle(answered: boolean): void;
}

/**
 * A bucket of tokens that bounds the retries of a service that is down: after ten that got no answer, the next ones
 * have to be earned. An answer earns a tenth of a retry. A retry that is answered gives back what it cost and as much
 * again: the service lives, and those who wait may come, twice as many each time.
 */
export class RetryBudget {
  private tokens = INITIAL;
  private under = 0;

  /** Retries that are under way: asked, and neither answered nor failed yet. */
  get underWay(): number {
    return this.under;
  }

  /** @returns undefined where nothing is left */
  spend(): PaidRetry | undefined {
    if (this.tokens < COST) return undefined;
    this.tokens -= COST;
    this.under++;
    let settled = false;
    return {
      settle: (answered) => {
        if (settled) return;
        settled = true;
        this.under--;
        if (answered) this.earn(2 * COST);
      },
    };
  }

  /** A request was answered that was no retry. */
  answered(): void {
    this.earn(1);
  }

  private earn(tokens: number): void {
    this.tokens = Math.min(CAPACITY, this.tokens + tokens);
  }
}
