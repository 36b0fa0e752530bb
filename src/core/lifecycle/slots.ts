/** A slot, or a place in the queue for one. */
export interface Ticket {
  /** Gives the slot back or leaves the queue. May be called more than once. */
  release(): void;
}

/** A semaphore: limits what runs at once. The rest waits in a bounded queue, in order of arrival. */
export class Slots {
  private running = 0;
  private readonly queue = new Set<() => void>();

  constructor(
    private readonly maxRunning: number,
    private readonly maxQueued: number,
  ) {}

  /** Whether nothing runs or waits. */
  get isIdle(): boolean {
    return this.running === 0 && this.queue.size === 0;
  }

  /**
   * Takes a slot, or waits for one.
   * @param start called when the slot is taken: at once if one is free
   * @returns undefined if the queue is full, so that `start` is never called
   */
  acquire(start: () => void): Ticket | undefined {
    let state: "queued" | "running" | "released" = "queued";
    const begin = () => {
      state = "running";
      this.running++;
      start();
    };
    const ticket: Ticket = {
      release: () => {
        if (state === "queued") this.queue.delete(begin);
        if (state === "running") this.running--;
        state = "released";
        this.startQueued();
      },
    };
    if (this.running < this.maxRunning) begin();
    else if (this.queue.size < this.maxQueued) this.queue.add(begin);
    else return undefined;
    return ticket;
  }

  private startQueued(): void {
    for (const begin of this.queue) {
      if (this.running >= this.maxRunning) return;
      this.queue.delete(begin);
      begin();
    }
  }
}
