import type { ServerResponse } from "node:http";
import type { Step } from "./records.js";

/** Code units written in one go at most, after which other work gets its turn. */
const BATCH = 16_384;

/** Milliseconds behind the clock at which the clock is set anew: a long pause must not end in a burst. */
const MOST_LAG = 250;

/**
 * Writes a stream at its pace, with one timer, and waits for the socket where it is full. The clock
 * starts once, so that late timers do not add up: after a late one, more than one chunk may be due.
 *
 * It stops at once when the response closes: no timer is left, and no further step is asked for.
 *
 * @param pace chunks per second; 0: as fast as the socket takes them.
 */
export function pump(steps: Iterator<Step>, response: ServerResponse, pace: number): void {
  new Pump(steps, response, pace).start();
}

class Pump {
  private readonly interval: number;
  /** When chunk 0 would have been due, in milliseconds of the monotonic clock. */
  private origin = 0;
  private sent = 0;
  /** Pulled, but not due yet. */
  private held: Step | undefined;
  private timer: NodeJS.Timeout | undefined;
  private immediate: NodeJS.Immediate | undefined;
  /** Writes that have not reached the kernel. */
  private unflushed = 0;
  private dropping = false;
  private stopped = false;

  constructor(
    private readonly steps: Iterator<Step>,
    private readonly response: ServerResponse,
    pace: number,
  ) {
    this.interval = pace > 0 ? 1_000 / pace : 0;
  }

  start(): void {
    this.response.once("close", () => this.stop());
    this.response.on("drain", this.advance);
    this.origin = performance.now();
    this.advance();
  }

  private stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
    clearImmediate(this.immediate);
    this.steps.return?.();
  }

  private readonly advance = (): void => {
    if (this.stopped || this.dropping) return;
    clearTimeout(this.timer);
    let batch = "";
    while (batch.length < BATCH) {
      const step = this.next();
      if (step === undefined) {
        if (batch) this.write(batch);
        this.stopped = true;
        this.response.end();
        return;
      }
      if (step.kind === "drop") {
        this.drop(batch);
        return;
      }
      if (step.kind === "stall") {
        if (batch) this.write(batch);
        this.stopped = true;
        return;
      }
      const early = step.kind === "content" || step.kind === "reasoning" ? this.earliness() : 0;
      if (early > 0) {
        this.held = step;
        // A full socket wakes us by "drain", which goes on here with the same chunk held.
        if (!batch || this.write(batch)) this.timer = setTimeout(this.advance, early).unref();
        return;
      }
      if (step.kind === "content" || step.kind === "reasoning") this.sent++;
      batch += step.text;
    }
    if (this.write(batch)) this.immediate = setImmediate(this.advance);
  };

  private next(): Step | undefined {
    const held = this.held;
    this.held = undefined;
    if (held) return held;
    const next = this.steps.next();
    return next.done ? undefined : next.value;
  }

  /** Milliseconds until the next chunk is due; 0 or less: now. */
  private earliness(): number {
    if (this.interval === 0) return 0;
    const now = performance.now();
    const due = this.origin + (this.sent + 1) * this.interval;
    if (now - due > MOST_LAG) this.origin += now - due;
    return Math.min(due - now, 2 ** 31 - 1);
  }

  private write(text: string): boolean {
    this.unflushed++;
    return this.response.write(text, () => {
      this.unflushed--;
      if (this.dropping && this.unflushed === 0) this.response.destroy();
    });
  }

  /** The chunks before the fault must arrive, or "after 12" would mean "after 12 at most". */
  private drop(batch: string): void {
    this.dropping = true;
    if (batch) this.write(batch);
    else if (this.unflushed === 0) this.response.destroy();
  }
}
