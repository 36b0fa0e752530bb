import type { Clock } from "../clock.js";
import type { Timeouts } from "../limits.js";

/** Which deadline passed; `drain` is no failure: the answer is whole, only its end marker never came. */
export type Expiry = "connect" | "headers" | "firstChunk" | "idle" | "progress" | "total" | "drain";

/** The longest wait that `setTimeout` knows; beyond it, it does not wait at all. */
const LONGEST_WAIT = 2 ** 31 - 1;

/**
 * Watches over one stream with one timer. Marks are cheap (two numbers): the timer is not moved for each
 * chunk or phase, it looks when it fires and goes back to sleep for what remains.
 */
export class Deadlines {
  private readonly started: number;
  private phase: "connect" | "headers" | "firstChunk" | "streaming" | "draining" = "connect";
  private phaseStarted: number;
  private lastByte: number;
  private lastContent: number;
  private timer: unknown;
  /** When the timer fires. */
  private wakes = Number.POSITIVE_INFINITY;
  private stopped = false;

  constructor(
    private readonly clock: Clock,
    private readonly timeouts: Readonly<Timeouts>,
    private readonly onExpire: (expiry: Expiry) => void,
  ) {
    this.started = this.phaseStarted = this.lastByte = this.lastContent = clock.now();
    this.arm();
  }

  /** The request is to be sent once more. */
  reconnecting(): void {
    this.enter("connect");
  }

  /** The request is on its way over an open connection. */
  connected(): void {
    this.enter("headers");
  }

  responded(): void {
    this.enter("firstChunk");
  }

  /** Bytes came, at `now`. */
  bytes(now: number): void {
    this.lastByte = now;
  }

  /** Content came, at `now`. */
  content(now: number): void {
    this.lastContent = now;
    // Content may also follow the end of another choice.
    if (this.phase !== "streaming") this.enter("streaming");
  }

  /** Every choice has its finish reason: only usage and end marker may follow. */
  finishing(): void {
    if (this.phase !== "draining") this.enter("draining");
  }

  /** Whether a connection was made. */
  get reached(): boolean {
    return this.phase !== "connect";
  }

  stop(): void {
    this.stopped = true;
    this.clock.clearTimer(this.timer);
  }

  private enter(phase: typeof this.phase): void {
    const now = this.clock.now();
    this.phase = phase;
    this.phaseStarted = this.lastByte = this.lastContent = now;
    if (this.due().at < this.wakes) this.arm();
  }

  private due(): { expiry: Expiry; at: number } {
    let due: { expiry: Expiry; at: number } = { expiry: "total", at: this.started + this.timeouts.total };
    const consider = (expiry: Expiry, at: number) => {
      if (at < due.at) due = { expiry, at };
    };
    if (this.phase === "streaming") {
      consider("idle", this.lastByte + this.timeouts.idle);
      consider("progress", this.lastContent + this.timeouts.progress);
    } else if (this.phase === "draining") consider("drain", this.phaseStarted + this.timeouts.drain);
    else consider(this.phase, this.phaseStarted + this.timeouts[this.phase]);
    return due;
  }

  private arm(): void {
    this.clock.clearTimer(this.timer);
    if (this.stopped) return;
    const now = this.clock.now();
    const wait = Math.min(LONGEST_WAIT, Math.max(1, this.due().at - now));
    this.wakes = now + wait;
    this.timer = this.clock.setTimer(this.look, wait);
  }

  private readonly look = (): void => {
    this.wakes = Number.POSITIVE_INFINITY;
    if (this.due().at > this.clock.now()) {
      this.arm();
      return;
    }
    // The loop may have been blocked while data waited in the kernel: it is read before the verdict.
    this.clock.afterReads(() => {
      if (this.stopped) return;
      const { expiry, at } = this.due();
      if (at > this.clock.now()) this.arm();
      else this.onExpire(expiry);
    });
  };
}
