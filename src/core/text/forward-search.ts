import { endsWithHighSurrogate } from "../surrogates.js";

/** Searches a growing text for the next match after ever later places. It reads each part of the text once. */
export class ForwardSearch {
  /** The latest match, or -1. */
  private found = -1;
  /** There is no match between the latest place and this one. */
  private searched = 0;

  /** @param pattern matches one character; needs the flag `g` */
  constructor(private readonly pattern: RegExp) {}

  /**
   * Finds the first match at or after a place.
   * @param text the text of the previous call, with new text at its end
   * @param from at least as far as in the previous call
   * @returns -1 if there is none yet
   */
  find(text: string, from: number): number {
    if (this.found >= from) return this.found;
    this.pattern.lastIndex = Math.max(from, this.searched);
    this.found = this.pattern.exec(text)?.index ?? -1;
    const end = endsWithHighSurrogate(text) ? text.length - 1 : text.length;
    this.searched = this.found >= 0 ? this.found : end;
    return this.found;
  }

  /** Must be called before the first `length` characters of the text are removed. */
  discard(length: number): void {
    this.found = Math.max(-1, this.found - length);
    this.searched = Math.max(0, this.searched - length);
  }
}
