import { GrowingText } from "../../core/growing-text.js";

/**
 * A text of an answer, which a service sends up to five times: in deltas, and whole in the events that end the text, its
 * part, its item and the answer. It decides which characters are new, so that each is passed on once.
 */
export class SentText {
  private readonly sent = new GrowingText();
  /**
   * The text that came whole when the item opened. Until the deltas differ from it, they may repeat it or continue it.
   * undefined once that is decided.
   */
  private opening: string | undefined;
  /** The deltas that have repeated the opening so far. */
  private repeated = "";

  /** Whether the next delta is new as a whole. */
  get isPlain(): boolean {
    return this.opening === undefined;
  }

  get isEmpty(): boolean {
    return this.sent.length === 0;
  }

  toString(): string {
    return this.sent.toString();
  }

  /** Adds the text that an item has when it opens. @returns what is new of it */
  open(text: string): string {
    if (text === "" || !this.isEmpty) return this.complete(text);
    this.opening = text;
    this.sent.append(text);
    return text;
  }

  /** Adds a delta. @returns what is new of it */
  add(delta: string): string {
    const added = this.opening === undefined ? delta : this.skipOpening(this.opening, delta);
    this.sent.append(added);
    return added;
  }

  /** Takes the whole text. @returns what is missing so far; `""` if the text does not begin with what was sent */
  complete(whole: string): string {
    if (whole.length <= this.sent.length || !this.isBeginningOf(whole)) return "";
    const missing = whole.slice(this.sent.length);
    this.sent.append(missing);
    return missing;
  }

  /** Whether a whole text begins with what was sent. */
  isBeginningOf(whole: string): boolean {
    // Slices are compared as memory; `startsWith` compares character by character.
    return whole.slice(0, this.sent.length) === this.sent.toString();
  }

  private skipOpening(opening: string, delta: string): string {
    const repeated = this.repeated + delta;
    this.repeated = repeated;
    if (repeated.length < opening.length && opening.startsWith(repeated)) return "";
    this.opening = undefined;
    // Deltas that differ from the opening continue it.
    return repeated.startsWith(opening) ? repeated.slice(opening.length) : repeated;
  }
}
