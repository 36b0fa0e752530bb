const QUOTE = 0x22;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** Follows the brackets and strings of one JSON value in a growing text. It does not check that the value is valid. */
export class BracketCounter {
  /** Open brackets. */
  private depth = 0;
  private isQuoted = false;
  private isEscaped = false;

  /** Whether the next character is outside of all brackets and strings. */
  get isOutside(): boolean {
    return this.depth === 0 && !this.isQuoted;
  }

  /** Reads the next character of the value. @returns whether it closes the value's outermost bracket */
  read(char: number): boolean {
    if (this.isQuoted) {
      if (this.isEscaped) this.isEscaped = false;
      else if (char === BACKSLASH) this.isEscaped = true;
      else if (char === QUOTE) this.isQuoted = false;
    } else if (char === QUOTE) this.isQuoted = true;
    else if (char === OPEN_BRACE || char === OPEN_BRACKET) this.depth++;
    else if (char === CLOSE_BRACE || char === CLOSE_BRACKET) {
      if (this.depth > 0) return --this.depth === 0;
    }
    return false;
  }

  /**
   * Reads the next part of a text that begins with an object or array.
   * @returns the place in `text` behind the value's last bracket; -1 if the value has not ended
   */
  findEnd(text: string): number {
    for (let at = 0; at < text.length; at++) if (this.read(text.charCodeAt(at))) return at + 1;
    return -1;
  }
}
