import { endsWithHighSurrogate } from "../surrogates.js";
import { endsInAbbreviation } from "./abbreviations.js";
import type { BoundaryFinder } from "./boundary-finder.js";
import { ForwardSearch } from "./forward-search.js";
import { isStableBoundary } from "./graphemes.js";

const SENTENCE_SEGMENTER = new Intl.Segmenter(undefined, { granularity: "sentence" });

/** A character that may end a sentence, or the end of a line. */
const SENTENCE_STOP = /[\p{Sentence_Terminal}\n]/gu;

/** The next letter shows whether a full stop ends the sentence: lower case continues it, upper case begins another. */
const AFTER_FULL_STOP = /[\p{L}\n]/gu;

/** After other stops, any character shows it except white space, brackets, quotation marks and further stops. */
const AFTER_STOP = /[^\p{Sentence_Terminal}\p{Pe}\p{Pf}\p{Pi}\p{Mn}"')\]*_~`\s]|\n/gu;

/** Marks between a stop and the white space after it: brackets, Markdown marks, footnotes. They belong to the sentence. */
const CLOSING_MARKS = /(?:[*_~`"'”’)\]]|\[\d+\])+\s+/y;

/** White space before inline code. */
const INLINE_CODE = /\s+(?=`)/y;

/** A line that begins with a fence (CommonMark 4.5), the beginning of such a line, and a line that is only a fence. */
const OPENING_FENCE = /^[ \t]*(`{3,}|~{3,})/;
const MAYBE_FENCE = /^[ \t]*(?:`{0,2}|~{0,2}|`{3}[^`]*|~{3}.*)$/;
const CLOSING_FENCE = /^[ \t]*(`{3,}|~{3,})[ \t]*\r?$/;

/** Only this much of a line is kept to recognise a fence. */
const MAX_FENCE_CHARS = 200;

/** Characters before a stop that are read to recognise its word. */
const MAX_WORD_BEFORE_STOP_CHARS = 24;

/** Characters after a stop that are read. Signs without a letter, such as a long row of numbers, are not read to their end. */
const MAX_AFTER_STOP_CHARS = 200;

/**
 * Finds the ends of sentences or paragraphs. Nothing within a fenced code block is an end. White space belongs to the
 * text before it, indentation to its line.
 */
export class PassageFinder implements BoundaryFinder {
  /** Characters of the text in which all ends were found. */
  private decidedLength = 0;
  /** Whether the undecided text begins a line, so that a fence may come. */
  private isAtLineStart = true;
  /** The fence of the code block that is open, such as three backticks; undefined outside of code. */
  private openFence: string | undefined;
  /** The removed beginning of a line that may turn out to be a fence. */
  private removedLineStart = "";
  /** An end that was found and is still in the text; 0 if there is none. */
  private boundary = 0;
  private readonly afterFullStop = new ForwardSearch(AFTER_FULL_STOP);
  private readonly afterStop = new ForwardSearch(AFTER_STOP);

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
    this.afterFullStop.discard(length);
    this.afterStop.discard(length);
    this.boundary = Math.max(0, this.boundary - length);
  }

  /** Reads whether a line opens or closes a code block. @returns false if that needs more text */
  private readLineStart(text: string): boolean {
    const end = text.indexOf("\n", this.decidedLength);
    const line = this.removedLineStart + text.slice(this.decidedLength, end < 0 ? text.length : end);
    if (end < 0 && (this.openFence !== undefined || MAYBE_FENCE.test(line))) return false;
    this.isAtLineStart = false;
    this.removedLineStart = "";
    if (this.openFence === undefined) {
      this.openFence = readOpeningFence(line);
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

  /** Goes to the next stop and decides whether it is an end. @returns false if that needs more text */
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
    const nextLine = text.lastIndexOf("\n", stop + rest) + 1;
    const secondFeed = text.indexOf("\n", stop + 1);
    const hasBlankLine = secondFeed >= 0 && secondFeed < nextLine;
    // A combining mark would form one character with the white space before it.
    if (!isStableBoundary(text, nextLine)) return false;
    if (this.kind === "sentence" || hasBlankLine) this.boundary = nextLine;
    this.decidedLength = nextLine;
    this.isAtLineStart = true;
    return true;
  }

  private decideSentenceEnd(text: string, stop: number): boolean {
    const isFullStop = text[stop] === ".";
    // Stops of some scripts have two code units. A search from between them would find the same stop again.
    const afterStop = stop + (text.codePointAt(stop)! > 0xffff ? 2 : 1);
    const decisive = (isFullStop ? this.afterFullStop : this.afterStop).find(text, afterStop);
    if (decisive < 0 || (decisive === text.length - 1 && endsWithHighSurrogate(text))) return false;
    this.decidedLength = afterStop;
    // Without white space a full stop ends nothing: "3.5", "node.js".
    if (isFullStop && decisive === stop + 1 && text[decisive] !== "\n") return true;
    // The end of the line is decided next.
    if (text[decisive] === "\n") {
      this.decidedLength = decisive;
      return true;
    }
    const end = findSentenceEnd(text, stop, Math.min(decisive, stop + MAX_AFTER_STOP_CHARS));
    if (end > 0 && isStableBoundary(text, end)) {
      this.boundary = end;
      this.decidedLength = end;
    }
    return true;
  }
}

/**
 * Finds where a sentence ends that may end at a stop.
 * @param decisive place of the character after the stop that shows whether the sentence ends, if it is near enough
 * @returns the place where the next sentence begins; 0 if the stop ends no sentence
 */
function findSentenceEnd(text: string, stop: number, decisive: number): number {
  const from = Math.max(0, stop - MAX_WORD_BEFORE_STOP_CHARS);
  const window = text.slice(from, decisive + 2);
  INLINE_CODE.lastIndex = stop + 1;
  // Code begins a sentence whatever its first letter is.
  const next = INLINE_CODE.test(text)
    ? INLINE_CODE.lastIndex
    : from + SENTENCE_SEGMENTER.segment(window).containing(decisive - from)!.index;
  if (next <= stop) return 0;
  const end = text.slice(from, next);
  if (/\s$/.test(end)) return endsInAbbreviation(end, text.slice(next, decisive + 1)) ? 0 : next;
  // Stops that need no white space (。！？) end a sentence without it. Others do not ("a?b=1"), except that the segmenter
  // misses the white space behind closing marks ("**So.** And").
  if (!/[\x20-\x7e]/.test(text[stop]!)) return next;
  CLOSING_MARKS.lastIndex = stop + 1;
  return CLOSING_MARKS.test(text) && CLOSING_MARKS.lastIndex <= decisive ? CLOSING_MARKS.lastIndex : 0;
}

/** Reads the fence of a line that opens a code block. */
function readOpeningFence(line: string): string | undefined {
  const match = OPENING_FENCE.exec(line);
  // A line with backticks further on is text with inline code.
  if (match?.[1]?.startsWith("`") && line.includes("`", match[0].length)) return undefined;
  return match?.[1];
}

function findMatch(pattern: RegExp, text: string, from: number): number {
  pattern.lastIndex = from;
  return pattern.exec(text)?.index ?? -1;
}
