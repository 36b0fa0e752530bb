/** Venice blocks a key for 30 s after 20 failed requests within 30 s. */
const WINDOW_MS = 30_000;
const BLOCKING_FAILURES = 20;

/** Failures in the window up to which retries are sent. The rest is left for first requests. */
const MAX_RETRY_FAILURES = 17;

/**
 * Counts the recent refusals of a service, so that retries do not trigger a block like Venice's. An answer resets the
 * count, because a service that answers in between has not failed.
 */
export class FailureWindow {
  /** Times of the latest refusals, in milliseconds of a monotonic clock. */
  private times: number[] = [];

  addRefusal(now: number): void {
    this.times.push(now);
    if (this.times.length > BLOCKING_FAILURES) this.times.shift();
  }

  addAnswer(): void {
    this.times = [];
  }

  /**
   * Whether a retry does no harm even if it fails. This is also true beyond the service's limit: then the key is already
   * blocked, or the service has no such rule.
   * @param runningRetries retries under way, which count as failed
   */
  mayRetry(now: number, runningRetries: number): boolean {
    const recent = this.times.filter((time) => time > now - WINDOW_MS).length;
    return recent + runningRetries < MAX_RETRY_FAILURES || recent >= BLOCKING_FAILURES;
  }
}
