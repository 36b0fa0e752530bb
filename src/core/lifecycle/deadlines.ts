import type { Clock } from "../clock.js";
import type { Timeouts } from "../limits.js";

/** Which deadline passed; `drain` is no failure: the answer is whole, only its end marker never came. */
export type Expiry = "connect" | "headers" | "firstChunk" | "idle" | "progress" | "total" | "drain";

/** The longest wait that `setTimeout` knows; beyond it, it does not wait at all. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Watches over one stream with one timer. Marks are cheap (two numbers): the timer is not moved for each
 * chunk or phase, it looks when it fires and goes back to sleep for what remains.
 */
export class Deadlines {
  private readonly startedAt: number;
  private phase: "connect" | "headers" | "firstChunk" | "streaming" | "draining" = "connect";
  private phaseStartedAt: number;
  private lastByteAt: number;
  private lastContentAt: number;
  private timer: unknown;
  /** When the timer fires. */
  private timerFiresAt = Number.POSITIVE_INFINITY;
  private isStopped = false;

  constructor(
    private readonly clock: Clock,
    private readonly timeouts: Readonly<Timeouts>,
    private readonly onExpire: (expiry: Expiry) => void,
  ) {
    this.startedAt = this.phaseStartedAt = this.lastByteAt = this.lastContentAt = clock.now();
    this.armTimer();
  }

  /** The request is to be sent once more. */
  markConnecting(): void {
    this.enterPhase("connect");
  }

  /** The request is on its way over an open connection. */
  markConnected(): void {
    this.enterPhase("headers");
  }

  markResponse(): void {
    this.enterPhase("firstChunk");
  }

  /** Bytes came, at `now`. */
  markBytes(now: number): void {
    this.lastByteAt = now;
  }

  /** Content came, at `now`. */
  markContent(now: number): void {
    this.lastContentAt = now;
    // Content may also follow the end of another choice.
    if (this.phase !== "streaming") this.enterPhase("streaming");
  }

  /** Every choice has its finish reason: only usage and end marker may follow. */
  markDraining(): void {
    if (this.phase !== "draining") this.enterPhase("draining");
  }

  /** Whether a connection was made. */
  get hasConnected(): boolean {
    return this.phase !== "connect";
  }

  stop(): void {
    this.isStopped = true;
    this.clock.clearTimer(this.timer);
  }

  private enterPhase(phase: typeof this.phase): void {
    const now = this.clock.now();
    this.phase = phase;
    this.phaseStartedAt = this.lastByteAt = this.lastContentAt = now;
    if (this.findNextExpiry().at < this.timerFiresAt) this.armTimer();
  }

  private findNextExpiry(): { expiry: Expiry; at: number } {
    let due: { expiry: Expiry; at: number } = { expiry: "total", at: this.startedAt + this.timeouts.total };
    const consider = (expiry: Expiry, at: number) => {
      if (at < due.at) due = { expiry, at };
    };
    if (this.phase === "streaming") {
      consider("idle", this.lastByteAt + this.timeouts.idle);
      consider("progress", this.lastContentAt + this.timeouts.progress);
    } else if (this.phase === "draining") consider("drain", this.phaseStartedAt + this.timeouts.drain);
    else consider(this.phase, this.phaseStartedAt + this.timeouts[this.phase]);
    return due;
  }

  private armTimer(): void {
    this.clock.clearTimer(this.timer);
    if (this.isStopped) return;
    const now = this.clock.now();
    const wait = Math.min(MAX_TIMER_MS, Math.max(1, this.findNextExpiry().at - now));
    this.timerFiresAt = now + wait;
    this.timer = this.clock.setTimer(this.checkExpiry, wait);
  }

  private readonly checkExpiry = (): void => {
    this.timerFiresAt = Number.POSITIVE_INFINITY;
    if (this.findNextExpiry().at > this.clock.now()) {
      this.armTimer();
      return;
    }
    // The loop may have been blocked while data waited in the kernel: it is read before the verdict.
    this.clock.afterReads(() => {
      if (this.isStopped) return;
      const { expiry, at } = this.findNextExpiry();
      if (at > this.clock.now()) this.armTimer();
      else this.onExpire(expiry);
    });
  };
}
