import type { Clock } from "../../core/clock.js";

/** Lines of a server's log that are passed on in a minute. */
const MAX_LINES = 100;

const MINUTE_MS = 60_000;

/** Passes the lines of a log on, but not a flood of them. */
export class LineBudget {
  private startedAt = Number.NEGATIVE_INFINITY;
  private count = 0;

  constructor(
    private readonly clock: Clock,
    private readonly onLine: (line: string) => void,
  ) {}

  add(line: string): void {
    const now = this.clock.now();
    if (now - this.startedAt > MINUTE_MS) {
      const dropped = this.count - MAX_LINES;
      this.startedAt = now;
      this.count = 0;
      if (dropped > 0) this.onLine(`(${dropped} more lines were dropped.)`);
    }
    if (++this.count <= MAX_LINES) this.onLine(line);
  }
}
