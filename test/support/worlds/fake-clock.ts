import type { Clock } from "../../../src/core/clock.js";
import { waitTicks } from "../waiting.js";

interface Timer {
  at: number;
  callback: () => void;
}

/** A clock that a test moves. Sockets are not affected. */
export class FakeClock implements Clock {
  private time = 1_000;
  private readonly timers = new Set<Timer>();

  now(): number {
    return this.time;
  }

  date(): number {
    return 1_800_000_000_000 + this.time;
  }

  setTimer(callback: () => void, milliseconds: number): Timer {
    const timer = { at: this.time + milliseconds, callback };
    this.timers.add(timer);
    return timer;
  }

  clearTimer(timer: unknown): void {
    this.timers.delete(timer as Timer);
  }

  afterReads(callback: () => void): void {
    setImmediate(callback);
  }

  /** The number of pending timers. */
  get timerCount(): number {
    return this.timers.size;
  }

  /** Moves the clock forward. Each timer fires at its time. */
  async advance(milliseconds: number): Promise<void> {
    const end = this.time + milliseconds;
    for (;;) {
      const next = [...this.timers].sort((one, other) => one.at - other.at)[0];
      if (!next || next.at > end) break;
      this.time = Math.max(this.time, next.at);
      this.timers.delete(next);
      next.callback();
      await waitTicks();
    }
    this.time = end;
    await waitTicks();
  }

  /** Moves on at once, for nodes that wait for nothing but this clock. */
  run(milliseconds: number): void {
    const end = this.time + milliseconds;
    for (;;) {
      let next: Timer | undefined;
      for (const timer of this.timers) if (!next || timer.at < next.at) next = timer;
      if (!next || next.at > end) break;
      this.time = Math.max(this.time, next.at);
      this.timers.delete(next);
      next.callback();
    }
    this.time = end;
  }

  /** Jumps forward, as after a suspended machine or a blocked event loop. Due timers fire late, all at the same time. */
  async jump(milliseconds: number): Promise<void> {
    this.time += milliseconds;
    for (const timer of [...this.timers].sort((one, other) => one.at - other.at)) {
      if (timer.at <= this.time && this.timers.delete(timer)) timer.callback();
    }
    await waitTicks();
  }
}
