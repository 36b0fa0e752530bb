/** A service's rule that blocks a key after too many refused requests. */
export interface RefusalRule {
  /** Refusals within the window that make the service block the key. */
  refusals: number;
  windowMs: number;
}

/** Refusals of the rule that are left to requests that are not retries. */
const RESERVED_REFUSALS = 3;

/**
 * Remembers when a service refused requests, so that retries do not bring its refusal rule about. An answer ends the
 * count: if a service works in between, the others need not wait.
 */
export class RefusalWindow {
  /** When the last refusals came, oldest first, in milliseconds of a monotonic clock. */
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
   * @param underWay retries that may fail at any moment
   * @returns milliseconds until a retry is harmless even if it fails; 0 for now. Beyond the rule's limit it is harmless
   *   too: then the service has blocked the key already, or has no such rule.
   */
  measureWait(now: number, underWay: number): number {
    const { refusals, windowMs } = this.rule;
    const recent = this.times.filter((time) => time > now - windowMs);
    const free = refusals - RESERVED_REFUSALS - underWay;
    if (recent.length < free || recent.length >= refusals) return 0;
    const leaves = recent[recent.length - Math.max(free, 1)];
    return leaves === undefined ? windowMs : Math.max(1, leaves + windowMs - now);
  }
}
