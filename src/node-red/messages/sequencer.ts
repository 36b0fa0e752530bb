import { Failure } from "../../core/failure.js";

/** Items that may wait for an earlier one. No node that delays messages holds this many of one stream. */
const MAX_EARLY = 10_000;

/** Missing indexes that an error lists. */
const MAX_LISTED = 20;

/** Something that has an index in a sequence, such as a message of a stream. */
export interface Sequenced {
  readonly parts: { readonly index: number };
}

/**
 * Restores the order of one stream. A node on the way may have delayed some messages (core `delay` with random times):
 * an early item waits for those before it, and a repeated one is dropped. The caller adds each item that arrives,
 * then takes items until none is due. Holds no timer: how long to wait for a missing item is the caller's decision.
 */
export class Sequencer<T extends Sequenced> {
  /** The item at `next`, between `add` and `take`. Keeps a stream that arrives in order out of the map. */
  private due: T | undefined;
  private readonly early = new Map<number, T>();
  private nextIndex: number;
  /** The first item, if it may be something else; see `isDoubtful`. */
  private doubtful: T | undefined;

  /**
   * @param next index of the first item
   * @param isDoubtful whether an item with the index 0 may be none of the sequence, so that another one with this index
   *   takes its place. It counts only if that one was waited for in vain.
   */
  constructor(
    next = 0,
    private readonly isDoubtful: (item: T) => boolean = () => false,
  ) {
    this.nextIndex = next;
  }

  /** Index of the item that is taken next. */
  get next(): number {
    return this.nextIndex;
  }

  /** Number of items that wait for an earlier one. */
  get earlyCount(): number {
    return this.early.size;
  }

  /** Whether more items wait than a delay on the way explains. The caller gives up or skips the gap. */
  get isOverfull(): boolean {
    return this.early.size > MAX_EARLY;
  }

  /**
   * Adds an item. Of two with the same index, the newer one stays until it is taken.
   * @returns the item that is dropped because its index came twice, if any
   */
  add(item: T): T | undefined {
    const { index } = item.parts;
    if (index < this.nextIndex) return item;
    if (index === 0 && (this.doubtful || this.isDoubtful(item))) return this.addDoubtful(item);
    if (index > this.nextIndex || this.early.has(index)) {
      const repeated = this.early.get(index);
      this.early.set(index, item);
      return repeated;
    }
    const repeated = this.due;
    this.due = item;
    return repeated;
  }

  private addDoubtful(item: T): T | undefined {
    if (this.isDoubtful(item)) {
      if (this.doubtful || this.due) return item;
      this.doubtful = item;
      return undefined;
    }
    const { doubtful } = this;
    this.doubtful = undefined;
    this.due = item;
    return doubtful;
  }

  /** Removes and returns the next item in order; undefined if it has not arrived. */
  take(): T | undefined {
    let item = this.due;
    if (item) this.due = undefined;
    else {
      item = this.early.get(this.nextIndex);
      if (!item) return undefined;
      this.early.delete(this.nextIndex);
    }
    this.nextIndex++;
    return item;
  }

  /** Lets a doubtful first item count after all. @returns false if there is no such item */
  trustDoubtful(): boolean {
    if (!this.doubtful) return false;
    this.due = this.doubtful;
    this.doubtful = undefined;
    return true;
  }

  /**
   * Continues with the first item that waits, without the missing ones before it.
   * @returns how many are missing
   */
  skipGap(): number {
    if (this.trustDoubtful()) return 0;
    if (this.early.size === 0) return 0;
    const first = Math.min(...this.early.keys());
    const missing = first - this.nextIndex;
    this.nextIndex = first;
    return missing;
  }

  /** @returns a Failure `bad_response` that lists the missing items before those that wait */
  createGapFailure(): Failure {
    const missing: number[] = [];
    const end = Math.max(...this.early.keys());
    for (let index = this.nextIndex; index < end && missing.length <= MAX_LISTED; index++) {
      if (!this.early.has(index)) missing.push(index);
    }
    const listed = missing.slice(0, MAX_LISTED).join(", ");
    const more = missing.length > MAX_LISTED ? ", …" : "";
    return new Failure(
      "bad_response",
      `The stream arrived with gaps: messages ${listed}${more} are missing.`,
    );
  }

  /**
   * Drops everything that was not taken.
   * @returns the dropped items
   */
  clear(): T[] {
    const dropped = [...this.early.values()];
    if (this.due) dropped.push(this.due);
    if (this.doubtful) dropped.push(this.doubtful);
    this.due = this.doubtful = undefined;
    this.early.clear();
    return dropped;
  }
}
