import { type Clock, MAX_TIMER_MS } from "../clock.js";
import type { Timeouts } from "../limits.js";

/** The timeout that has passed. `drain` is no failure: the answer is complete, only the service's end marker did not come. */
export type Expiry = keyof Timeouts;

/**
 * Watches the deadlines of one stream with a single timer. To mark progress is cheap, because it only stores a time: the
 * timer is not reset for each chunk. When it fires, it checks which deadline is next and sleeps again until then.
 */
export class Deadlines {
  private readonly startedAt: number;
  private phase: "connect" | "headers" | "firstChunk" | "streaming" | "draining" = "connect";
  private phaseStartedAt: number;
  private lastByteAt: number;
  private lastContentAt: number;
  private timer: unknown;
  /** When the timer will fire; infinity if it is not set. */
  private timerFiresAt = Number.POSITIVE_INFINITY;
  private isStopped = false;

  /** Starts the clock of the connect and total deadlines. @param onExpire called when a deadline passes */
  constructor(
    private readonly clock: Clock,
    private readonly timeouts: Readonly<Timeouts>,
    private readonly onExpire: (expiry: Expiry) => void,
  ) {
    this.startedAt = this.phaseStartedAt = this.lastByteAt = this.lastContentAt = clock.now();
    this.armTimer();
  }

  /** Marks that the request is sent once more, on a new connection. */
  markConnecting(): void {
    this.enterPhase("connect");
  }

  /** Marks that the request is being sent over an open connection. */
  markConnected(): void {
    this.enterPhase("headers");
  }

  /** Marks that the response's headers came. */
  markResponse(): void {
    this.enterPhase("firstChunk");
  }

  /** Marks that bytes came. @param now milliseconds of the clock */
  markBytes(now: number): void {
    this.lastByteAt = now;
  }

  /** Marks that content came. @param now milliseconds of the clock */
  markContent(now: number): void {
    this.lastContentAt = now;
    // Another choice may have ended before, so that the stream was already draining.
    if (this.phase !== "streaming") this.enterPhase("streaming");
  }

  /** Marks that every choice has a finish reason: only usage and the end marker may follow. */
  markDraining(): void {
    if (this.phase !== "draining") this.enterPhase("draining");
  }

  /** Whether the request has an open connection. */
  get hasConnected(): boolean {
    return this.phase !== "connect";
  }

  /** Stops watching: no deadline passes any more. */
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
    let next: { expiry: Expiry; at: number } = { expiry: "total", at: this.startedAt + this.timeouts.total };
    const consider = (expiry: Expiry, at: number) => {
      if (at < next.at) next = { expiry, at };
    };
    if (this.phase === "streaming") {
      consider("idle", this.lastByteAt + this.timeouts.idle);
      consider("progress", this.lastContentAt + this.timeouts.progress);
    } else if (this.phase === "draining") consider("drain", this.phaseStartedAt + this.timeouts.drain);
    else consider(this.phase, this.phaseStartedAt + this.timeouts[this.phase]);
    return next;
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
    // If the event loop was blocked, data may wait in the kernel. It is read before the deadline is judged.
    this.clock.afterReads(() => {
      if (this.isStopped) return;
      const { expiry, at } = this.findNextExpiry();
      if (at > this.clock.now()) this.armTimer();
      else this.onExpire(expiry);
    });
  };
}
