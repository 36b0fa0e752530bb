/** The longest header that is waited for, in bytes; real ones have 44 to a few hundred. */
const MAX_HEADER_BYTES = 4096;

/** The length of what has no end yet, as streaming writers put it. */
const UNKNOWN_LENGTH = 0xffffffff;

/**
 * Makes one WAV of several that follow each other: the first one's header says that the length is not known, the others
 * lose theirs. They must agree in sample rate and form, as the answers of one voice do.
 */
export class WavJoiner {
  private isFirst = true;
  /** What has come of a header that is not whole yet; undefined once it is through. */
  private header: Buffer | undefined = Buffer.alloc(0);

  /** Another WAV begins. */
  startNext(): void {
    this.header = Buffer.alloc(0);
  }

  /** @returns what goes on of these bytes; may be empty */
  add(bytes: Buffer): Buffer {
    if (!this.header) return bytes;
    this.header = Buffer.concat([this.header, bytes]);
    const start = findDataStart(this.header);
    if (start === "later" && this.header.length < MAX_HEADER_BYTES) return Buffer.alloc(0);
    return this.endHeader(typeof start === "number" ? start : undefined);
  }

  /** The sound is over. @returns what was held: a header without sound, or what is no WAV */
  end(): Buffer {
    return this.header ? this.endHeader(undefined) : Buffer.alloc(0);
  }

  /** @param start where the samples begin; undefined where there is no header */
  private endHeader(start: number | undefined): Buffer {
    const head = this.header!;
    this.header = undefined;
    const { isFirst: first } = this;
    if (head.length > 0) this.isFirst = false;
    if (start === undefined) return head;
    if (!first) return head.subarray(start);
    head.writeUInt32LE(UNKNOWN_LENGTH, 4);
    head.writeUInt32LE(UNKNOWN_LENGTH, start - 4);
    return head;
  }
}

/** Where the samples begin; `later` where not enough has come, undefined for what is no WAV. */
function findDataStart(head: Buffer): number | "later" | undefined {
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
