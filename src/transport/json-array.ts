import { createRecordLimitFailure, type RecordListener, type RecordReader } from "./record-reader.js";

const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/**
 * Reads a growing JSON array element by element. Gemini streams one without `alt=sse`: indented, and cut anywhere. Only
 * brackets and quotes are examined; the listener finds out whether an element is valid JSON.
 */
export class JsonArrayReader implements RecordReader {
  /** The part of the open element that came in earlier reads. */
  private openText = "";
  /** Whether the reader is inside an element. */
  private isOpen = false;
  /** Open brackets inside the element. */
  private depth = 0;
  private isQuoted = false;
  private isEscaped = false;
  /** Whether the array or an element has begun. */
  private hasBegun = false;

  /** @param maxChars the longest element */
  constructor(
    private readonly listener: RecordListener,
    private readonly maxChars: number,
  ) {}

  feed(text: string): void {
    let start = 0;
    for (let at = 0; at < text.length; at++) {
      const char = text.charCodeAt(at);
      if (!this.isOpen) {
        if (isSeparator(char)) continue;
        if (!this.hasBegun && char === OPEN_BRACKET) {
          this.hasBegun = true;
          continue;
        }
        this.hasBegun = true;
        this.isOpen = true;
        start = at;
      }
      const end = this.readCharacter(char, at);
      if (end === undefined) continue;
      const element = this.openText + text.slice(start, end);
      this.openText = "";
      this.isOpen = false;
      this.deliver(element, false);
    }
    if (!this.isOpen) return;
    this.openText += text.slice(start);
    if (this.openText.length > this.maxChars) throw createRecordLimitFailure(this.maxChars);
  }

  end(): void {
    const element = this.openText.trim();
    this.openText = "";
    if (this.isOpen && element !== "") this.deliver(element, true);
    this.isOpen = false;
  }

  /** Reads a character of the open element. @returns where the element ends, if it ends here */
  private readCharacter(char: number, at: number): number | undefined {
    if (this.isQuoted) {
      if (this.isEscaped) this.isEscaped = false;
      else if (char === BACKSLASH) this.isEscaped = true;
      else if (char === QUOTE) this.isQuoted = false;
      return undefined;
    }
    if (char === QUOTE) this.isQuoted = true;
    else if (char === OPEN_BRACE || char === OPEN_BRACKET) this.depth++;
    else if (this.depth === 0) return isSeparator(char) ? at : undefined;
    else if (char === CLOSE_BRACE || char === CLOSE_BRACKET) {
      if (--this.depth === 0) return at + 1;
    }
    return undefined;
  }

  private deliver(element: string, last: boolean): void {
    if (element.length > this.maxChars) throw createRecordLimitFailure(this.maxChars);
    this.listener.onRecord(element, undefined, last);
  }
}

/** Whether a character stands between elements or closes the array. */
function isSeparator(char: number): boolean {
  return char === COMMA || char === CLOSE_BRACKET || char <= 0x20 || char === 0xfeff;
}
