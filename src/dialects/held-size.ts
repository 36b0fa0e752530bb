import { Failure } from "../core/failure.js";
import { estimateHeapBytes, estimateTextBytes } from "../core/json/heap-size.js";

/** Bytes that the readers of one stream may keep. */
const MAX_HELD_BYTES = 16 * 1024 * 1024;

/**
 * Counts what the readers of one stream keep for longer than a record: names and ids of calls, sources, open blocks, counts.
 * What they pass on is counted by whoever assembles the answer. Everything that a reader keeps has to be counted here,
 * because a service can send it without end.
 */
export class HeldSize {
  private bytes = 0;

  /** @param limit how many bytes may be kept; finite and above 0 */
  constructor(private readonly limit = MAX_HELD_BYTES) {}

  /** Bytes that were counted so far, roughly. */
  get total(): number {
    return this.bytes;
  }

  /** @throws Failure `limit` if more is kept than may be */
  add(bytes: number): void {
    this.bytes += bytes;
    if (this.bytes > this.limit) {
      throw new Failure(
        "limit",
        `What the service sent beside the answer's text takes more than ${this.limit} bytes of memory. Request less of it, or choose another model.`,
      );
    }
  }

  /** Counts a text. @throws Failure `limit` */
  addText(text: string): void {
    this.add(estimateTextBytes(text));
  }

  /** Counts a value of a record. @throws Failure `limit` */
  addValue(value: unknown): void {
    this.add(estimateHeapBytes(value));
  }
}

/** Counts a value that replaces its earlier one, so that only the largest one counts. */
export class ReplacedSize {
  private largest = 0;

  constructor(private readonly held: HeldSize) {}

  /** @throws Failure `limit` */
  set(value: unknown): void {
    this.setBytes(estimateHeapBytes(value));
  }

  /** @throws Failure `limit` */
  setBytes(bytes: number): void {
    if (bytes <= this.largest) return;
    this.held.add(bytes - this.largest);
    this.largest = bytes;
  }
}
