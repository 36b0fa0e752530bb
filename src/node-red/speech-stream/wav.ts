/** The longest WAV header that is awaited. Real ones have 44 to a few hundred bytes. */
const MAX_HEADER_BYTES = 4096;

/** The length in the header of a WAV whose end is not known yet, as streaming writers set it. */
const UNKNOWN_LENGTH = 0xffffffff;

/**
 * Joins consecutive WAV files into one. The header of the first file is changed to an unknown length, the headers of the
 * others are removed. All must have the same sample rate and format, as the answers of one voice do.
 */
export class WavJoiner {
  private isFirst = true;
  /** The bytes so far of a header that is not complete yet; undefined after the header. */
  private header: Buffer | undefined = Buffer.alloc(0);

  /** Starts the next WAV file. */
  startNext(): void {
    this.header = Buffer.alloc(0);
  }

  /**
   * Adds bytes of the current file.
   * @returns the bytes to send; may be empty
   */
  add(bytes: Buffer): Buffer {
    if (!this.header) return bytes;
    this.header = Buffer.concat([this.header, bytes]);
    const start = findDataStart(this.header);
    if (start === "later" && this.header.length < MAX_HEADER_BYTES) return Buffer.alloc(0);
    return this.endHeader(typeof start === "number" ? start : undefined);
  }

  /**
   * Ends the current file.
   * @returns the bytes that were held: a header without audio, or bytes that are not a WAV file
   */
  end(): Buffer {
    return this.header ? this.endHeader(undefined) : Buffer.alloc(0);
  }

  /** @param start offset of the samples; undefined if the bytes are not a WAV header */
  private endHeader(start: number | undefined): Buffer {
    const bytes = this.header!;
    this.header = undefined;
    const { isFirst } = this;
    if (bytes.length > 0) this.isFirst = false;
    if (start === undefined) return bytes;
    if (!isFirst) return bytes.subarray(start);
    bytes.writeUInt32LE(UNKNOWN_LENGTH, 4);
    bytes.writeUInt32LE(UNKNOWN_LENGTH, start - 4);
    return bytes;
  }
}

/**
 * Finds the samples behind a WAV header (RIFF: chunks with a 4-byte name and a 4-byte length).
 * @returns their offset; `later` if the header is not complete; undefined if the bytes are not a WAV file
 */
function findDataStart(bytes: Buffer): number | "later" | undefined {
  const compared = Math.min(4, bytes.length);
  if (bytes.toString("latin1", 0, compared) !== "RIFF".slice(0, compared)) return undefined;
  let offset = 12;
  while (bytes.length >= offset + 8) {
    const size = bytes.readUInt32LE(offset + 4);
    if (bytes.toString("latin1", offset, offset + 4) === "data") return offset + 8;
    // A chunk of odd length is padded.
    offset += 8 + size + (size % 2);
  }
  return "later";
}
