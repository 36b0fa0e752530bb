/** From so many waiting items on the source is asked to pause, and to go on when few are left. */
const HIGH = 256;
const LOW = 32;

/** A few items may weigh much (base64 audio): so many bytes from the socket count as full too. */
const HIGH_BYTES = 1024 * 1024;

/** From callbacks to an async iterator, with a word to the source when the reader falls behind. */
export class Channel<T> {
  private waiting: T[] = [];
  private ended = false;
  private dropped = false;
  private full = false;
  private bytes = 0;
  private wake: (() => void) | undefined;

  constructor(private readonly onFull: (full: boolean) => void) {}

  push(item: T): void {
    this.waiting.push(item);
    if (this.waiting.length >= HIGH) this.fill();
    this.wake?.();
  }

  /** Tells how many bytes the items cost that were pushed last. */
  weigh(bytes: number): void {
    this.bytes += bytes;
    if (this.bytes >= HIGH_BYTES && this.waiting.length > 0) this.fill();
  }

  end(): void {
    this.ended = true;
    this.wake?.();
  }

  /** Ends it at once: what waits is not wanted any more. */
  drop(): void {
    this.dropped = true;
    this.waiting = [];
    this.end();
  }

  async *items(): AsyncGenerator<T> {
    for (;;) {
      const batch = this.waiting;
      this.waiting = [];
      this.bytes = 0;
      for (const item of batch) {
        if (this.dropped) return;
        yield item;
      }
      if (this.full && this.waiting.length <= LOW) {
        this.full = false;
        this.onFull(false);
      }
      if (this.waiting.length > 0) continue;
      if (this.ended) return;
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
      this.wake = undefined;
    }
  }

  private fill(): void {
    if (this.full) return;
    this.full = true;
    this.onFull(true);
  }
}
