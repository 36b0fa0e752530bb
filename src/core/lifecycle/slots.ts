/** What is waiting for a slot, or has one. */
export interface Ticket {
  /** Gives the slot back, or leaves the queue. Idempotent. */
  release(): void;
}

/** A cap on what runs at once, with a queue in order of arrival, bounded too. */
export class Slots {
  private running = 0;
  private readonly queue = new Set<() => void>();

  constructor(
    private readonly maxRunning: number,
    private readonly maxQueued: number,
  ) {}

  get isIdle(): boolean {
    return this.running === 0 && this.queue.size === 0;
  }

  /**
   * @param start called when it is this one's turn; at once where a slot is free
   * @returns undefined where the queue is full: nothing will be called
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
