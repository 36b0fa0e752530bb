import { type ContinuationInfo, isPrefill } from "./continuation.js";

/** From this length on, an overlap is never a coincidence. */
const MIN_CERTAIN_CHARS = 16;

/** From this length on, an overlap counts if it is three words, or two that are the whole text or complete its last word. */
const MIN_LIKELY_CHARS = 8;

/** After a prefill, an overlap counts only from this size on. */
const MIN_AFTER_PREFILL = { characters: 24, words: 4 };

/** Words without white space around them. No text continues like that. */
const RUNS_ON = /^[\p{L}\p{N}].*[\p{L}\p{N}]$/su;

/** Characters before the overlap that must be the same for an earlier repetition. */
const SEAM_CHARS = 4;

/** Characters of the end in which an overlap is searched. */
const MAX_TAIL_CHARS = 1000;

/**
 * Removes an overlap. A model that continues a partial answer often repeats its last words, or starts again from the
 * beginning. Text is held back only while it may still be a repetition. The result does not depend on how the text is
 * cut into pieces.
 *
 * An answer may repeat itself on purpose, such as a line of a song or of a table. This is assumed after a prefill, and
 * otherwise if the answer contained the same repetition before. A line that is repeated for the first time just after the
 * break is removed, because nothing tells the two cases apart.
 *
 * After a prefill, a service may still treat the partial answer as a finished turn and start again. This shows if whole
 * phrases are repeated without white space before them: an exact continuation begins with white space or completes a word.
 */
export class OverlapTrimmer {
  /** Text that may still be a repetition. */
  private held = "";
  private isDecided = false;
  private readonly isPrefill: boolean;
  /** The end of the delivered text, in which an overlap is searched; "" if only a restart or white space is expected. */
  private readonly tail: string;
  private readonly echo: string;
  /** Whether the held text may be the beginning of the answer once more. */
  private mayBeRestart = false;
  /** Characters that were removed. */
  trimmed = 0;

  /**
   * @param delivered the text that the reader already has
   * @param continues how the model was asked to continue it
   */
  constructor(
    private readonly delivered: string,
    continues: ContinuationInfo,
  ) {
    this.isPrefill = isPrefill(continues);
    this.echo = continues.echo;
    this.tail = this.isPrefill && this.echo !== "" ? "" : delivered.slice(-MAX_TAIL_CHARS);
    this.restart();
  }

  /** Adds a piece of text. @returns new text for the reader; "" while the text may still be a repetition */
  push(text: string): string {
    if (this.isDecided) return text;
    this.mayBeRestart &&= this.delivered.startsWith(text, this.held.length);
    this.held += text;
    return this.mayGrow() ? "" : this.release();
  }

  /** Starts again with a new continuation of the same text. */
  restart(): void {
    this.held = "";
    this.isDecided = false;
    this.mayBeRestart = this.delivered.length >= MIN_LIKELY_CHARS;
    this.trimmed = 0;
  }

  /** Says that no more text follows. @returns the held text that is new */
  end(): string {
    return this.isDecided ? "" : this.release();
  }

  /** Whether more text can still extend a repetition. */
  private mayGrow(): boolean {
    const { held, delivered, echo, tail } = this;
    if (this.mayBeRestart && held.length < delivered.length) return true;
    if (held.length < echo.length && echo.startsWith(held)) return true;
    if (this.hasContinued()) return false;
    // The longest end of the delivered text that begins with the held text.
    const at = tail.indexOf(held);
    const length = tail.length - at;
    return at !== -1 && length > held.length && length >= MIN_LIKELY_CHARS;
  }

  private release(): string {
    this.isDecided = true;
    this.trimmed = this.measureRepetition();
    const fresh = this.held.slice(this.trimmed);
    this.held = "";
    return fresh;
  }

  /** Measures how much of the held text the reader already has: the whole delivered text or its end. */
  private measureRepetition(): number {
    const { held, delivered, tail } = this;
    if (held.startsWith(delivered) && this.isRepetition(delivered)) return delivered.length;
    if (this.hasContinued()) return this.measureEcho();
    for (let length = Math.min(tail.length, held.length); length >= MIN_LIKELY_CHARS; length--) {
      const end = tail.slice(-length);
      // Only the longest overlap is judged. If it is none, no part of it is one.
      if (held.startsWith(end)) return this.isRepetition(end) ? length : this.measureEcho();
    }
    return this.measureEcho();
  }

  /** Whether the held text shows that the model continues exactly. */
  private hasContinued(): boolean {
    return this.isPrefill && /^\s/.test(this.held);
  }

  /** Measures the white space that the model repeats because it was not sent. */
  private measureEcho(): number {
    return this.held.startsWith(this.echo) ? this.echo.length : 0;
  }

  /** Whether an overlap is a repetition by mistake, rather than part of the answer. */
  private isRepetition(end: string): boolean {
    if (end.length < MIN_LIKELY_CHARS || isPattern(end) || this.hasRecurred(end)) return false;
    const before = this.delivered.at(-end.length - 1);
    const words = /\s/.test(before ?? " ") ? end.trim().split(/\s+/).length : 0;
    if (this.isPrefill && before !== undefined) {
      return end.length >= MIN_AFTER_PREFILL.characters && words >= MIN_AFTER_PREFILL.words;
    }
    if (end.length >= MIN_CERTAIN_CHARS) return true;
    return words >= 3 || (words === 2 && (before === undefined || RUNS_ON.test(end)));
  }

  /** Whether the delivered text already contains this repetition, as a song does, or a table with equal rows. */
  private hasRecurred(end: string): boolean {
    return this.delivered.includes(this.delivered.slice(-SEAM_CHARS) + end);
  }
}

/**
 * Joins a partial answer and its continuation without the overlap.
 * @param continues how the model was asked to continue
 */
export function joinContinuation(delivered: string, text: string, continues: ContinuationInfo): string {
  const trimmer = new OverlapTrimmer(delivered, continues);
  return delivered + trimmer.push(text) + trimmer.end();
}

/** Whether a text is a repeated pattern, such as a ruled line or a row of spaces or empty cells. */
function isPattern(text: string): boolean {
  return [text, text.trim()].some((form) => findPeriod(form) * 2 <= form.length);
}

/** Finds the length of the shortest piece that the text repeats. The last repetition may be incomplete. */
function findPeriod(text: string): number {
  // The prefix function of Knuth, Morris and Pratt: for each place, the longest prefix of the text that ends there.
  const borders = [0];
  for (let at = 1, border = 0; at < text.length; at++) {
    while (border > 0 && text[at] !== text[border]) border = borders[border - 1]!;
    if (text[at] === text[border]) border++;
    borders.push(border);
  }
  return text.length - borders.at(-1)!;
}
