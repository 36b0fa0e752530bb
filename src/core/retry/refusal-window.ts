/** A rule by which a service blocks a key after too many refused requests. */
export interface RefusalRule {
  /** The service blocks the key after this many refusals within the window. */
  refusals: number;
  /** Milliseconds. */
  windowMs: number;
}

/** Refusals that are left for requests that are not retries. */
const RESERVED_REFUSALS = 3;

/**
 * Counts the recent refusals of a service, so that retries do not make it block the key. An answer resets the count,
 * because a service that answers in between works.
 */
export class RefusalWindow {
  /** Times of the latest refusals, oldest first, in milliseconds of a monotonic clock. */
  private times: number[] = [];

  constructor(private readonly rule: RefusalRule) {}

  addRefusal(now: number): void {
    this.times.push(now);
    if (this.times.length > this.rule.refusals) this.times.shift();
  }

  addAnswer(): void {
    this.times = [];
  }

  /**
   * Measures how long a retry has to wait until it does no harm even if it fails.
   * @param runningRetries retries under way, which count as refused
   * @returns milliseconds; 0 if it need not wait. This is also the case beyond the limit of the rule: then the key is
   *   already blocked, or the service has no such rule.
   */
  measureWait(now: number, runningRetries: number): number {
    const { refusals, windowMs } = this.rule;
    const recent = this.times.filter((time) => time > now - windowMs);
    const free = refusals - RESERVED_REFUSALS - runningRetries;
    if (recent.length < free || recent.length >= refusals) return 0;
    // The retry may be sent once this refusal is older than the window.
    const blocking = recent[recent.length - Math.max(free, 1)];
    return blocking === undefined ? windowMs : Math.max(1, blocking + windowMs - now);
  }
}
