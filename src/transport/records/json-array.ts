import { BracketCounter } from "./bracket-counter.js";
import { createRecordLimitFailure, type RecordListener, type RecordReader } from "./record-reader.js";
import { SseReader } from "./sse.js";

const COMMA = 0x2c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;

/**
 * Reads a growing JSON array element by element, or values of JSON one after the other. Gemini streams an array without
 * `alt=sse`: indented, and cut anywhere. Only brackets and quotes are examined; the listener finds out whether an element
 * is valid JSON. What follows and is not JSON is read as server-sent events.
 */
export class JsonArrayReader implements RecordReader {
  private readonly brackets = new BracketCounter();
  /** The part of the open element that came in earlier reads. */
  private openText = "";
  /** Whether the reader is inside an element. */
  private isOpen = false;
  /** Whether the array or an element has begun. */
  private hasBegun = false;
  /** Whether the reader is inside the array. */
  private isInArray = false;
  /** Reads what follows. */
  private eventReader: SseReader | undefined;

  /** @param maxChars the longest element */
  constructor(
    private readonly listener: RecordListener,
    private readonly maxChars: number,
  ) {}

  feed(text: string): void {
    if (this.eventReader) {
      this.eventReader.feed(text);
      return;
    }
    let start = 0;
    for (let at = 0; at < text.length; at++) {
      const char = text.charCodeAt(at);
      if (!this.isOpen) {
        if (char === CLOSE_BRACKET) this.isInArray = false;
        if (isSeparator(char)) continue;
        if (!this.hasBegun && char === OPEN_BRACKET) {
          this.hasBegun = this.isInArray = true;
          continue;
        }
        if (!this.isInArray && char !== OPEN_BRACE && char !== OPEN_BRACKET) {
          this.eventReader = new SseReader(this.listener, this.maxChars);
          this.eventReader.feed(text.slice(at));
          return;
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
      if (char === CLOSE_BRACKET && end === at) this.isInArray = false;
      this.deliver(element, false);
    }
    if (!this.isOpen) return;
    this.openText += text.slice(start);
    if (this.openText.length > this.maxChars) throw createRecordLimitFailure(this.maxChars);
  }

  end(): void {
    this.eventReader?.end();
    const element = this.openText.trim();
    this.openText = "";
    if (this.isOpen && element !== "") this.deliver(element, true);
    this.isOpen = false;
  }

  /** Reads a character of the open element. @returns where the element ends, if it ends here */
  private readCharacter(char: number, at: number): number | undefined {
    if (this.brackets.isOutside && isSeparator(char)) return at;
    return this.brackets.read(char) ? at + 1 : undefined;
  }

  private deliver(element: string, isCut: boolean): void {
    if (element.length > this.maxChars) throw createRecordLimitFailure(this.maxChars);
    this.listener.onRecord(element, undefined, isCut);
  }
}

/** Whether a character stands between elements or closes the array. */
function isSeparator(char: number): boolean {
  return char === COMMA || char === CLOSE_BRACKET || char <= 0x20 || char === 0xfeff;
}
