import type { Clock } from "../clock.js";

/**
 * Runs tasks in order, in slices: a limited number in each iteration of the event loop. So thousands of tasks block nothing
 * else.
 */
export class Slices {
  private readonly waiting = new Set<() => void>();
  /** How many may still run in this slice. */
  private left: number;

  constructor(
    private readonly clock: Pick<Clock, "afterReads">,
    private readonly maxPerSlice: number,
  ) {
    this.left = maxPerSlice;
  }

  /** Runs a task: at once, or in a later slice if too many have run in this one. */
  run(task: () => void): void {
    if (this.left === this.maxPerSlice) this.clock.afterReads(this.startSlice);
    if (this.left > 0 && this.waiting.size === 0) {
      this.left--;
      task();
    } else this.waiting.add(task);
  }

  /** Runs all that wait, now. */
  flush(): void {
    this.left = this.waiting.size;
    this.runWaiting();
  }

  private readonly startSlice = (): void => {
    this.left = this.maxPerSlice;
    if (this.waiting.size === 0) return;
    this.clock.afterReads(this.startSlice);
    this.runWaiting();
  };

  private runWaiting(): void {
    for (const task of this.waiting) {
      if (this.left === 0) return;
      this.left--;
      this.waiting.delete(task);
      task();
    }
  }
}
