/** How much text may hang together from slices before it is copied into one piece. */
const PIECE = 2048;

/** From this length on, V8 makes a substring a view on its parent instead of a copy. */
const VIEW_LENGTH = 13;

/**
 * A growing text. A chunk's text is often a view on the whole read of the socket it came in; keeping a
 * thousand views would keep a thousand reads alive. So the text is copied in pieces as it grows, once.
 */
export class GrowingText {
  private done = "";
  private open = "";

  get length(): number {
    return this.done.length + this.open.length;
  }

  append(text: string): void {
    this.open += text;
    if (this.open.length >= PIECE) this.settle();
  }

  toString(): string {
    return this.done + this.open;
  }

  private settle(): void {
    // Reading a character makes V8 flatten the concatenation into a fresh string, which lets the views go.
    this.open.charCodeAt(0);
    this.done += this.open;
    this.open = "";
  }
}

/** A copy of a text that does not keep alive what it was cut from. */
export function ownCopy(text: string): string {
  return text.length < VIEW_LENGTH ? text : ` ${text}`.slice(1);
}
