import { type ContinuationInfo, isPrefill } from "./continuation.js";

/** A repetition of so many characters is no chance. */
const MIN_CERTAIN_CHARS = 16;

/** One of so many is none either where it is three words, or two that are all that was said or run into the last one. */
const MIN_LIKELY_CHARS = 8;

/** Where a model should go on exactly, one of so many characters and words is none that runs into the last word. */
const MIN_AFTER_PREFILL = { characters: 24, words: 4 };

/** Words without a space around them: nobody goes on like that. */
const RUNS_ON = /^[\p{L}\p{N}].*[\p{L}\p{N}]$/su;

/** How much of the end counts when it is asked whether the text has gone on from there in the same way before. */
const SEAM_CHARS = 4;

/** How far back a repetition is looked for. */
const MAX_TAIL_CHARS = 1000;

/**
 * A model that is asked to go on often repeats the last words, or begins anew from the first. What it repeats is
 * taken away before anyone reads it. Text is held back only as long as it may still be a repetition. However the
 * text is cut, the outcome is the same.
 *
 * An answer may itself say something again, such as a line of a song or of a table. This is meant where the model goes
 * on exactly, and else where the answer had repeated it before. Of a line whose second time comes just behind the break
 * nobody can tell: it is taken for a repetition.
 *
 * A service that should go on exactly may take what was said for a finished turn all the same. This shows where whole
 * phrases come again and run into the last word: what goes on exactly has white space there, or the rest of the word.
 */
export class OverlapTrimmer {
  private held = "";
  private isDecided = false;
  private readonly isPrefill: boolean;
  /** The end of what was said, in which a repetition is looked for; "" where there is none but a beginning anew. */
  private readonly tail: string;
  private readonly echo: string;
  /** Whether what is held is so far how the answer began. */
  private mayBeRestart = false;
  /** Characters taken away. */
  trimmed = 0;

  /**
   * @param delivered the text that is already with the reader
   * @param continues how the model was asked to go on from it
   */
  constructor(
    private readonly delivered: string,
    continues: ContinuationInfo,
  ) {
    this.isPrefill = isPrefill(continues);
    // White space that the model was not told of, and so will write again.
    this.echo = continues.echo;
    this.tail = this.isPrefill && this.echo !== "" ? "" : delivered.slice(-MAX_TAIL_CHARS);
    this.restart();
  }

  /** @returns the new text, "" while it is not decided. */
  push(text: string): string {
    if (this.isDecided) return text;
    this.mayBeRestart &&= this.delivered.startsWith(text, this.held.length);
    this.held += text;
    return this.mayGrow() ? "" : this.release();
  }

  /** The text that goes on begins again. */
  restart(): void {
    this.held = "";
    this.isDecided = false;
    this.mayBeRestart = this.delivered.length >= MIN_LIKELY_CHARS;
    this.trimmed = 0;
  }

  /** Nothing follows that could be a repetition. @returns what was held and is new. */
  end(): string {
    return this.isDecided ? "" : this.release();
  }

  private mayGrow(): boolean {
    const { held, delivered: said, echo, tail } = this;
    if (this.mayBeRestart && held.length < said.length) return true;
    if (held.length < echo.length && echo.startsWith(held)) return true;
    if (this.hasContinued()) return false;
    // The longest end of the answer that begins with what is held; where it goes on, more may come of it.
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

  /** Length of the longest beginning of what is held that the reader has already: all that was said, or its end. */
  private measureRepetition(): number {
    const { held, delivered: said, tail } = this;
    if (held.startsWith(said) && this.isRepetition(said)) return said.length;
    if (this.hasContinued()) return this.measureEcho();
    for (let length = Math.min(tail.length, held.length); length >= MIN_LIKELY_CHARS; length--) {
      const end = tail.slice(-length);
      // Only the longest counts: where that is no repetition, a part of it is none either.
      if (held.startsWith(end)) return this.isRepetition(end) ? length : this.measureEcho();
    }
    return this.measureEcho();
  }

  /** Whether the model shows that it goes on exactly. */
  private hasContinued(): boolean {
    return this.isPrefill && /^\s/.test(this.held);
  }

  private measureEcho(): number {
    return this.held.startsWith(this.echo) ? this.echo.length : 0;
  }

  /** What goes on by nature as it went on before is none. */
  private isRepetition(end: string): boolean {
    if (end.length < MIN_LIKELY_CHARS || isPattern(end) || this.hasRecurred(end)) return false;
    const before = this.delivered.at(-end.length - 1);
    const words = /\s/.test(before ?? " ") ? end.trim().split(/\s+/).length : 0;
    if (this.isPrefill && before !== undefined)
      return end.length >= MIN_AFTER_PREFILL.characters && words >= MIN_AFTER_PREFILL.words;
    if (end.length >= MIN_CERTAIN_CHARS) return true;
    return words >= 3 || (words === 2 && (before === undefined || RUNS_ON.test(end)));
  }

  /** Whether the text has had this behind the same end already: it is a song, or a table with equal rows. */
  private hasRecurred(end: string): boolean {
    return this.delivered.includes(this.delivered.slice(-SEAM_CHARS) + end);
  }
}

/** @returns the text that a reader has who gets both, the second as it was asked for to go on from the first */
export function joinContinuation(said: string, text: string, continues: ContinuationInfo): string {
  const trimmer = new OverlapTrimmer(said, continues);
  return said + trimmer.push(text) + trimmer.end();
}

/** A pattern that repeats itself, such as a ruled line or a row of spaces or of empty cells. */
function isPattern(text: string): boolean {
  return [text, text.trim()].some((one) => findPeriod(one) * 2 <= one.length);
}

/** The length of the shortest piece that the text is a repetition of, the last time perhaps cut off. */
function findPeriod(text: string): number {
  // Knuth, Morris, Pratt: for each place, the longest beginning of the text that ends there.
  const borders = [0];
  for (let at = 1, border = 0; at < text.length; at++) {
    while (border > 0 && text[at] !== text[border]) border = borders[border - 1]!;
    if (text[at] === text[border]) border++;
    borders.push(border);
  }
  return text.length - borders.at(-1)!;
}
