/** Tokens that a calm day fills the bucket with. */
const CAPACITY = 100;

/** What one retry takes out. */
const COST = 10;

/** What a request that went well without a retry puts in. */
const REFILL = 1;

/**
 * A bucket of tokens that bounds retries when a service is down: ten failures in a row are retried, then only as
 * many as successes pay for. A retry that succeeds gives back what it cost.
 */
export class RetryBudget {
  private tokens = CAPACITY;

  /** @returns whether a retry may be made; if so it is paid for. */
  spend(): boolean {
    if (this.tokens < COST) return false;
    this.tokens -= COST;
    return true;
  }

  /** @param retries how many retries the success took */
  succeeded(retries: number): void {
    this.tokens = Math.min(CAPACITY, this.tokens + (retries > 0 ? COST : REFILL));
  }
}
