import { Failure } from "../failure.js";

/** Bytes that may come before any content, beside two records. A keep-alive of a slow model has 20 bytes a second. */
const MAX_EMPTY_BYTES = 16 * 1024 * 1024;

/** Bytes that may come for each character of content. Services that repeat all sources with each word send about 10,000. */
const MAX_BYTES_PER_CHAR = 64 * 1024;

/** Ends a stream whose service sends at full speed and says nothing: comments, empty records, padding. */
export class FloodGuard {
  private bytes = 0;

  /**
   * Counts bytes of a response.
   * @param contentSize how much content has come so far
   * @param maxRecordChars the longest record that may come
   * @throws Failure `limit` if far more bytes came than the content needs
   */
  add(bytes: number, contentSize: number, maxRecordChars: number): void {
    this.bytes += bytes;
    if (this.bytes <= MAX_EMPTY_BYTES) return;
    if (this.bytes <= MAX_EMPTY_BYTES + 2 * maxRecordChars + MAX_BYTES_PER_CHAR * contentSize) return;
    throw new Failure(
      "limit",
      `The service sent ${this.bytes} bytes with hardly any answer in them. Check the service, or choose another one.`,
    );
  }
}
