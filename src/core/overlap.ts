/** A repetition shorter than this may be chance. */
const SHORTEST = 16;

/** How far back a repetition is looked for. */
const TAIL = 1000;

/**
 * A model that is asked to go on often repeats the last words, or begins anew from the first. What it repeats is
 * taken away before anyone reads it. Text is held back only as long as it may still be a repetition.
 */
export class OverlapTrimmer {
  private held = "";
  private decided: boolean;
  /** Characters taken away. */
  trimmed = 0;

  /**
   * @param said the text that is already with the reader
   * @param echo white space at its end that the model was not told of, and so will write again
   */
  constructor(
    private readonly said: string,
    private readonly echo = "",
  ) {
    this.decided = said.length < SHORTEST && echo === "";
  }

  /** @returns the new text, "" while it is not decided. */
  push(text: string): string {
    if (this.decided) return text;
    this.held += text;
    return this.couldGrow() ? "" : this.release();
  }

  /** The stream is at its end. @returns what was held and is new. */
  end(): string {
    return this.decided ? "" : this.release();
  }

  private couldGrow(): boolean {
    const { said, echo, held } = this;
    if (echo.length > held.length && echo.startsWith(held)) return true;
    if (said.length > held.length && said.startsWith(held)) return true;
    const tail = said.slice(-TAIL);
    // Any place from which the tail goes on as what is held, and further: a repetition not yet at its end.
    for (let at = tail.indexOf(held); at !== -1; at = tail.indexOf(held, at + 1)) {
      if (tail.length - at > held.length) return true;
    }
    return false;
  }

  private release(): string {
    this.decided = true;
    this.trimmed = this.repeated();
    const fresh = this.held.slice(this.trimmed);
    this.held = "";
    return fresh;
  }

  /** Length of the longest beginning of what is held that the reader has already: all that was said, or its end. */
  private repeated(): number {
    const { said, echo, held } = this;
    if (said.length >= SHORTEST && held.startsWith(said)) return said.length;
    for (let length = Math.min(TAIL, said.length, held.length); length >= SHORTEST; length--) {
      if (held.startsWith(said.slice(-length))) return length;
    }
    return held.startsWith(echo) ? echo.length : 0;
  }
}
