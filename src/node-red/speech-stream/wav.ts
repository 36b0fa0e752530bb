/** The longest header that is waited for, in bytes; real ones have 44 to a few hundred. */
const LONGEST_HEADER = 4096;

/** The length of what has no end yet, as streaming writers put it. */
const UNKNOWN_LENGTH = 0xffffffff;

/**
 * Makes one WAV of several that follow each other: the first one's header says that the length is not known, the others
 * lose theirs. They must agree in sample rate and form, as the answers of one voice do.
 */
export class WavJoiner {
  private first = true;
  /** What has come of a header that is not whole yet; undefined once it is through. */
  private head: Buffer | undefined = Buffer.alloc(0);

  /** Another WAV begins. */
  next(): void {
    this.head = Buffer.alloc(0);
  }

  /** @returns what goes on of these bytes; may be empty */
  add(bytes: Buffer): Buffer {
    if (!this.head) return bytes;
    this.head = Buffer.concat([this.head, bytes]);
    const start = dataStart(this.head);
    if (start === "later" && this.head.length < LONGEST_HEADER) return Buffer.alloc(0);
    return this.pass(typeof start === "number" ? start : undefined);
  }

  /** The sound is over. @returns what was held: a header without sound, or what is no WAV */
  end(): Buffer {
    return this.head ? this.pass(undefined) : Buffer.alloc(0);
  }

  /** @param start where the samples begin; undefined where there is no header */
  private pass(start: number | undefined): Buffer {
    const head = this.head!;
    this.head = undefined;
    const { first } = this;
    if (head.length > 0) this.first = false;
    if (start === undefined) return head;
    if (!first) return head.subarray(start);
    head.writeUInt32LE(UNKNOWN_LENGTH, 4);
    head.writeUInt32LE(UNKNOWN_LENGTH, start - 4);
    return head;
  }
}

/** Where the samples begin; `later` where not enough has come, undefined for what is no WAV. */
function dataStart(head: Buffer): number | "later" | undefined {
  const begun = Math.min(4, head.length);
  if (head.toString("latin1", 0, begun) !== "RIFF".slice(0, begun)) return undefined;
  let at = 12;
  while (head.length >= at + 8) {
    const size = head.readUInt32LE(at + 4);
    if (head.toString("latin1", at, at + 4) === "data") return at + 8;
    at += 8 + size + (size % 2);
  }
  return "later";
}
