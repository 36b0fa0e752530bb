/**
 * The concatenation is flattened at this length. Until then, each of its parts takes some 50 bytes more than its characters.
 */
const MAX_OPEN_CHARS = 256;

/** From this length on, V8 makes a substring a view of the original text instead of a copy. */
const MIN_VIEW_CHARS = 13;

/**
 * A text that grows by appending. The text of a chunk is often a view of everything that was read from the socket at
 * once, so a thousand of them would keep a thousand reads in memory. Each part of the text is therefore copied once.
 */
export class GrowingText {
  private flat = "";
  private open = "";

  /** Characters so far. */
  get length(): number {
    return this.flat.length + this.open.length;
  }

  append(text: string): void {
    this.open += text;
    if (this.open.length >= MAX_OPEN_CHARS) this.flatten();
  }

  toString(): string {
    return this.flat + this.open;
  }

  private flatten(): void {
    // Reading a character makes V8 flatten the concatenation into a new string, which releases the views.
    this.open.charCodeAt(0);
    this.flat += this.open;
    this.open = "";
  }
}

/** Copies a text, so that it does not keep in memory the longer text that it was cut from. */
export function copyText(text: string): string {
  return text.length < MIN_VIEW_CHARS ? text : ` ${text}`.slice(1);
}
