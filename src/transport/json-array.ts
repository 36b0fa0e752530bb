import { type RecordListener, type RecordReader, recordTooLong } from "./record-reader.js";

const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/**
 * Reads a JSON array element by element while it still grows, as Gemini streams without `alt=sse`: indented, and cut
 * anywhere. Only brackets and quotes are looked at; whether an element is JSON is for whoever parses it to say.
 */
export class JsonArrayReader implements RecordReader {
  /** What came of the open element in earlier reads. */
  private before = "";
  /** Inside an element. */
  private open = false;
  private depth = 0;
  private quoted = false;
  private escaped = false;
  private begun = false;

  /** @param longest characters that one element may have */
  constructor(
    private readonly listener: RecordListener,
    private readonly longest: number,
  ) {}

  feed(text: string): void {
    let start = 0;
    for (let at = 0; at < text.length; at++) {
      const char = text.charCodeAt(at);
      if (!this.open) {
        if (isSeparator(char)) continue;
        if (!this.begun && char === OPEN_BRACKET) {
          this.begun = true;
          continue;
        }
        this.begun = true;
        this.open = true;
        start = at;
      }
      const end = this.endAt(char, at);
      if (end === undefined) continue;
      const element = this.before + text.slice(start, end);
      this.before = "";
      this.open = false;
      this.deliver(element, false);
    }
    if (!this.open) return;
    this.before += text.slice(start);
    if (this.before.length > this.longest) throw recordTooLong(this.longest);
  }

  end(): void {
    const element = this.before.trim();
    this.before = "";
    if (this.open && element !== "") this.deliver(element, true);
    this.open = false;
  }

  /** Takes one more character of the open element. @returns where it ends, if it does with this one */
  private endAt(char: number, at: number): number | undefined {
    if (this.quoted) {
      if (this.escaped) this.escaped = false;
      else if (char === BACKSLASH) this.escaped = true;
      else if (char === QUOTE) this.quoted = false;
      return undefined;
    }
    if (char === QUOTE) this.quoted = true;
    else if (char === OPEN_BRACE || char === OPEN_BRACKET) this.depth++;
    else if (this.depth === 0) return isSeparator(char) ? at : undefined;
    else if (char === CLOSE_BRACE || char === CLOSE_BRACKET) {
      if (--this.depth === 0) return at + 1;
    }
    return undefined;
  }

  private deliver(element: string, last: boolean): void {
    if (element.length > this.longest) throw recordTooLong(this.longest);
    this.listener.onRecord(element, undefined, last);
  }
}

/** What stands between two elements, or closes the array. */
function isSeparator(char: number): boolean {
  return char === COMMA || char === CLOSE_BRACKET || char <= 0x20 || char === 0xfeff;
}
