/** Venice blocks everybody behind a key for 30 s once 20 requests have failed within 30 s. */
const WINDOW_MS = 30_000;
const BLOCKING_FAILURES = 20;

/** Failures that retries may bring it to: the rest is left to requests that are none. */
const MAX_RETRY_FAILURES = 17;

/**
 * Remembers when a service refused requests, so that retries do not trip a rule like Venice's. An answer ends the
 * count: a service that works in between is no reason for the others to wait.
 */
export class FailureWindow {
  /** When the last refusals came, in milliseconds of a monotonic clock. */
  private times: number[] = [];

  addRefusal(now: number): void {
    this.times.push(now);
    if (this.times.length > BLOCKING_FAILURES) this.times.shift();
  }

  addAnswer(): void {
    this.times = [];
  }

  /**
   * Whether a retry is harmless, even if it fails. Beyond the rule's limit it is too: then the rule has struck, or
   * there is none.
   * @param underWay retries that may fail any moment
   */
  mayRetry(now: number, underWay: number): boolean {
    const recent = this.times.filter((time) => time > now - WINDOW_MS).length;
    return recent + underWay < MAX_RETRY_FAILURES || recent >= BLOCKING_FAILURES;
  }
}
