import type { Clock } from "../clock.js";

/** Runs tasks in order, a limited number in each turn of the event loop, so that thousands of them block nothing else. */
export class Slices {
  private readonly waiting = new Set<() => void>();
  /** How many may still run in this turn. */
  private left: number;

  constructor(
    private readonly clock: Pick<Clock, "afterReads">,
    private readonly maxPerTurn: number,
  ) {
    this.left = maxPerTurn;
  }

  /** Runs a task: at once, or in a later turn if too many have run in this one. */
  run(task: () => void): void {
    if (this.left === this.maxPerTurn) this.clock.afterReads(this.startTurn);
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

  private readonly startTurn = (): void => {
    this.left = this.maxPerTurn;
    if (this.waiting.size === 0) return;
    this.clock.afterReads(this.startTurn);
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
