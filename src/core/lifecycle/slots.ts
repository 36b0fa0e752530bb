/** A slot, or a place in the queue for one. */
export interface Ticket {
  /** Gives the slot back or leaves the queue. May be called more than once. */
  release(): void;
}

/** A semaphore: limits what runs at once. The rest waits in a bounded queue, in order of arrival. */
export class Slots {
  private running = 0;
  private readonly queue = new Set<() => void>();
  /** Those that start before the queue. */
  private readonly urgentQueue = new Set<() => void>();

  constructor(
    private readonly maxRunning: number,
    private readonly maxQueued: number,
  ) {}

  /** Whether nothing runs or waits. */
  get isIdle(): boolean {
    return this.running === 0 && this.queue.size === 0 && this.urgentQueue.size === 0;
  }

  /**
   * Takes a slot, or waits for one.
   * @param start called when the slot is taken: at once if one is free
   * @param isUrgent whether to start before the queue and never be refused; the caller has to limit how many are urgent
   * @returns undefined if the queue is full, so that `start` is never called
   */
  acquire(start: () => void, isUrgent = false): Ticket | undefined {
    const queue = isUrgent ? this.urgentQueue : this.queue;
    let state: "queued" | "running" | "released" = "queued";
    const begin = () => {
      state = "running";
      this.running++;
      start();
    };
    const ticket: Ticket = {
      release: () => {
        if (state === "queued") queue.delete(begin);
        if (state === "running") this.running--;
        state = "released";
        this.startQueued();
      },
    };
    if (this.running < this.maxRunning) begin();
    else if (isUrgent || queue.size < this.maxQueued) queue.add(begin);
    else return undefined;
    return ticket;
  }

  private startQueued(): void {
    for (const queue of [this.urgentQueue, this.queue]) {
      for (const begin of queue) {
        if (this.running >= this.maxRunning) return;
        queue.delete(begin);
        begin();
      }
    }
  }
}
