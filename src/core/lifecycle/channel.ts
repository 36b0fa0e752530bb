/** From so many waiting items on, what comes is merged into the last. */
const MAX_WAITING_ITEMS = 256;

/**
 * From callbacks to an async iterator. A reader that falls behind gets larger pieces instead of ever more of them, so
 * that what waits is bounded by the length of the answer alone, and that by its limit.
 */
export class Channel<T> {
  private waiting: T[] = [];
  private hasEnded = false;
  private isDiscarded = false;
  private wake: (() => void) | undefined;

  /** @param merge two items as one; may change and return the first */
  constructor(private readonly merge: (first: T, second: T) => T) {}

  push(item: T): void {
    const { waiting } = this;
    const last = waiting.length - 1;
    if (waiting.length < MAX_WAITING_ITEMS) waiting.push(item);
    else waiting[last] = this.merge(waiting[last]!, item);
    this.wake?.();
  }

  end(): void {
    this.hasEnded = true;
    this.wake?.();
  }

  /** Ends it at once: what waits is not wanted any more. */
  discard(): void {
    this.isDiscarded = true;
    this.waiting = [];
    this.end();
  }

  async *read(): AsyncGenerator<T> {
    for (;;) {
      const batch = this.waiting;
      this.waiting = [];
      for (const item of batch) {
        if (this.isDiscarded) return;
        yield item;
      }
      if (this.waiting.length > 0) continue;
      if (this.hasEnded) return;
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
      this.wake = undefined;
    }
  }
}
