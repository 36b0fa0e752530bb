/** If this many items wait, a new item is merged into the last of them. */
const MAX_WAITING_ITEMS = 256;

/**
 * A queue from callbacks to an async iterator. A reader that falls behind gets larger items instead of ever more items.
 * So the memory for waiting items is bounded by the size of the answer, which has a limit of its own.
 */
export class Channel<T> {
  private waiting: T[] = [];
  private hasEnded = false;
  private isDiscarded = false;
  private wake: (() => void) | undefined;

  /** @param merge merges two items; it may change and return the first */
  constructor(private readonly merge: (first: T, second: T) => T) {}

  /** Adds an item for the reader. */
  push(item: T): void {
    const { waiting } = this;
    const last = waiting.length - 1;
    if (waiting.length < MAX_WAITING_ITEMS) waiting.push(item);
    else waiting[last] = this.merge(waiting[last]!, item);
    this.wake?.();
  }

  /** Ends the channel: the reader gets the items that wait, and no more. */
  end(): void {
    this.hasEnded = true;
    this.wake?.();
  }

  /** Ends the channel at once and drops the items that wait. */
  discard(): void {
    this.isDiscarded = true;
    this.waiting = [];
    this.end();
  }

  /** Reads the items until the channel ends. Only one reader is supported. */
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
