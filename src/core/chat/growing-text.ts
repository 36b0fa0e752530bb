/** How much text may hang together from slices before it is copied into one piece. */
const MAX_OPEN_CHARS = 2048;

/** From this length on, V8 makes a substring a view on its parent instead of a copy. */
const MIN_VIEW_CHARS = 13;

/**
 * A growing text. A chunk's text is often a view on the whole read of the socket it came in; keeping a
 * thousand views would keep a thousand reads alive. So the text is copied in pieces as it grows, once.
 */
export class GrowingText {
  private flat = "";
  private open = "";

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
    // Reading a character makes V8 flatten the concatenation into a fresh string, which lets the views go.
    this.open.charCodeAt(0);
    this.flat += this.open;
    this.open = "";
  }
}

/** A copy of a text that does not keep alive what it was cut from. */
export function copyText(text: string): string {
  return text.length < MIN_VIEW_CHARS ? text : ` ${text}`.slice(1);
}
