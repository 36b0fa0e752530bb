import { endsWithHighSurrogate } from "../surrogates.js";
import { endsInAbbreviation } from "./abbreviations.js";
import type { BoundaryFinder } from "./boundary-finder.js";
import { findStableBoundary } from "./graphemes.js";

const SENTENCE_SEGMENTER = new Intl.Segmenter(undefined, { granularity: "sentence" });

/** What a sentence can end with, and the end of a line. */
const SENTENCE_STOP = /[\p{Sentence_Terminal}\n]/gu;

/** What decides whether a full stop ends a sentence: a small letter goes on, a capital begins. */
const AFTER_FULL_STOP = /[\p{L}\n]/gu;

/** The same for other stops: whatever is no gap, no bracket or quotation mark, and no further stop. */
const AFTER_STOP = /[^\p{Sentence_Terminal}\p{Pe}\p{Pf}\p{Pi}\p{Mn}"')\]*_~`\s]|\n/gu;

/** What may stand between a sentence's stop and its gap: brackets, Markdown's marks, footnotes. */
const CLOSING_MARKS = /(?:[*_~`"'”’)\]]+|\[\d+\])+\s+/y;

/** The gap before code within a line. */
const INLINE_CODE = /\s+(?=`)/y;

const OPENING_FENCE = /^[ \t]*(`{3,}(?!.*`)|~{3,})/;
const MAYBE_FENCE = /^[ \t]*(?:`{0,2}|~{0,2}|`{3}[^`]*|~{3}.*)$/;
/** A longer line is none. */
const MAX_FENCE_CHARS = 200;

const CLOSING_FENCE = /^[ \t]*(`{3,}|~{3,})[ \t]*\r?$/;

/** So much before a stop says what kind of stop it is: the word that it belongs to. */
const MAX_WORD_BEFORE_STOP_CHARS = 24;

/**
 * Finds sentences or paragraphs. A fenced code block is no text: nothing in it is an end. White space belongs to
 * what stands before it, a line's indentation to the line.
 */
export class PassageFinder implements BoundaryFinder {
  /** Everything before is decided. */
  private decidedLength = 0;
  private isAtLineStart = true;
  /** The mark that the code block began with which the text is in. */
  private openFence: string | undefined;
  /** What has gone already of a line that may turn out to be a fence. */
  private removedLineStart = "";
  /** A place that was found and not yet cut at. */
  private boundary = 0;

  constructor(private readonly kind: "sentence" | "paragraph") {}

  findBoundary(text: string): number {
    while (this.boundary === 0 && this.decidedLength < text.length) {
      if (this.isAtLineStart && !this.readLineStart(text)) break;
      if (!(this.openFence === undefined ? this.readNextStop(text) : this.skipCodeLine(text))) break;
    }
    return this.boundary;
  }

  discard(length: number, text: string): void {
    if (length > this.decidedLength && this.isAtLineStart) {
      this.removedLineStart = (this.removedLineStart + text.slice(this.decidedLength, length)).slice(
        0,
        MAX_FENCE_CHARS,
      );
    }
    this.decidedLength = Math.max(0, this.decidedLength - length);
    this.boundary = Math.max(0, this.boundary - length);
  }

  /** Looks whether a line begins or ends a code block. @returns false where that cannot be said yet */
  private readLineStart(text: string): boolean {
    const end = text.indexOf("\n", this.decidedLength);
    const line = this.removedLineStart + text.slice(this.decidedLength, end < 0 ? text.length : end);
    if (end < 0 && (this.openFence !== undefined || MAYBE_FENCE.test(line))) return false;
    this.isAtLineStart = false;
    this.removedLineStart = "";
    if (this.openFence === undefined) {
      this.openFence = OPENING_FENCE.exec(line)?.[1];
      return true;
    }
    const mark = CLOSING_FENCE.exec(line)?.[1];
    if (mark?.startsWith(this.openFence)) {
      this.openFence = undefined;
      this.decidedLength = end;
    }
    return true;
  }

  private skipCodeLine(text: string): boolean {
    const end = text.indexOf("\n", this.decidedLength);
    this.decidedLength = end < 0 ? text.length : end + 1;
    this.isAtLineStart = end >= 0;
    return true;
  }

  /** Goes to the next stop and decides about it. @returns false where more text is needed for that */
  private readNextStop(text: string): boolean {
    const stop =
      this.kind === "paragraph"
        ? text.indexOf("\n", this.decidedLength)
        : findMatch(SENTENCE_STOP, text, this.decidedLength);
    if (stop < 0) {
      this.decidedLength = text.length;
      return true;
    }
    this.decidedLength = stop;
    return text[stop] === "\n" ? this.decideLineEnd(text, stop) : this.decideSentenceEnd(text, stop);
  }

  private decideLineEnd(text: string, stop: number): boolean {
    const rest = text.slice(stop).search(/\S/);
    if (rest < 0) return false;
    const begin = text.lastIndexOf("\n", stop + rest) + 1;
    const blank = text.indexOf("\n", stop + 1) < begin && text.indexOf("\n", stop + 1) >= 0;
    // A mark that joins a gap would be a character together with it.
    if (findStableBoundary(text, begin) !== begin) return false;
    if (this.kind === "sentence" || blank) this.boundary = begin;
    this.decidedLength = begin;
    this.isAtLineStart = true;
    return true;
  }

  private decideSentenceEnd(text: string, stop: number): boolean {
    const full = text[stop] === ".";
    // Some scripts have stops of two code units; a search that begins between them would find the same one again.
    const behind = stop + (text.codePointAt(stop)! > 0xffff ? 2 : 1);
    const decisive = findMatch(full ? AFTER_FULL_STOP : AFTER_STOP, text, behind);
    if (decisive < 0 || (decisive === text.length - 1 && endsWithHighSurrogate(text))) return false;
    this.decidedLength = behind;
    // "3.5", "node.js": no gap, no end.
    if (full && decisive === stop + 1 && text[decisive] !== "\n") return true;
    // The end of the line has its own turn.
    if (text[decisive] === "\n") {
      this.decidedLength = decisive;
      return true;
    }
    const place = findSentenceEnd(text, stop, decisive);
    if (place > 0 && findStableBoundary(text, place) === place) {
      this.boundary = place;
      this.decidedLength = place;
    }
    return true;
  }
}

/** @returns where the sentence begins that follows a stop; 0 where none does */
function findSentenceEnd(text: string, stop: number, decisive: number): number {
  const from = Math.max(0, stop - MAX_WORD_BEFORE_STOP_CHARS);
  const window = text.slice(from, decisive + 2);
  INLINE_CODE.lastIndex = stop + 1;
  // Whatever code begins with, it is no small letter that goes on.
  const begin = INLINE_CODE.test(text)
    ? INLINE_CODE.lastIndex
    : from + SENTENCE_SEGMENTER.segment(window).containing(decisive - from)!.index;
  if (begin <= stop) return 0;
  const last = text.slice(from, begin);
  if (/\s$/.test(last)) return endsInAbbreviation(last, text.slice(begin, decisive + 1)) ? 0 : begin;
  // Without a gap only stops end a sentence that need none: 。！？. In "a?b=1" and "**So.** And" none does.
  if (!/[\x20-\x7e]/.test(text[stop]!)) return begin;
  CLOSING_MARKS.lastIndex = stop + 1;
  return CLOSING_MARKS.test(text) && CLOSING_MARKS.lastIndex <= decisive ? CLOSING_MARKS.lastIndex : 0;
}

function findMatch(pattern: RegExp, text: string, from: number): number {
  pattern.lastIndex = from;
  return pattern.exec(text)?.index ?? -1;
}
