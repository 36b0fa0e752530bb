import { type ContinuationInfo, isPrefill } from "./continuation.js";

/** From this length on, an overlap is a repetition and not a coincidence, unless the text repeats itself. */
const MIN_OVERLAP_CHARS = 16;

/** In a quoted continuation, an overlap that is shorter than this and less than a word is a coincidence. */
const MIN_DOUBTFUL_CHARS = 4;

/** If a piece of this length occurs twice in an overlap, the text is a pattern, such as a ruled line. */
const PATTERN_CHARS = 8;

/** If the overlap and the text before it end in the same characters, this many, the text may be periodic. */
const PERIOD_CHARS = 2;

/** Characters at the end of the text in which an overlap is searched. */
const MAX_TAIL_CHARS = 1000;

/**
 * What a piece of a continuation adds to the reader's text.
 * - `text`: new text, which may be empty.
 * - `restart`: the model started its answer again; the text replaces all of the reader's text.
 * - `unclear`: it is uncertain whether the text is new or a repetition, so the request has to start over.
 */
export type ContinuationOutput =
  | { kind: "text"; text: string }
  | { kind: "restart"; text: string }
  | { kind: "unclear" };

/**
 * Removes what a model repeats when it continues a partial answer. There is one rule: an overlap of 16 characters or more
 * is a repetition, and so is an answer that starts again. If that is uncertain, the request starts over. Text is held back
 * only while it may still be a repetition.
 */
export class OverlapTrimmer {
  /** Characters removed so far. */
  trimmed = 0;
  /** Text that may still be a repetition. */
  private held = "";
  private isDecided: boolean;
  private readonly tail: string;
  /** Lengths of the ends of the text that the continuation may still repeat, longest first. */
  private candidates: number[];
  /** Whether the held text may be the beginning of the answer once more. */
  private mayBeRestart = true;

  /** @param text the text that the reader already has */
  constructor(
    private readonly text: string,
    private readonly info: ContinuationInfo,
  ) {
    this.tail = text.slice(-MAX_TAIL_CHARS);
    this.candidates = listLengths(this.tail);
    this.isDecided = text === "";
  }

  /** Adds a piece of the continuation. */
  push(piece: string): ContinuationOutput {
    if (this.isDecided) return { kind: "text", text: piece };
    const from = this.held.length;
    this.held += piece;
    this.mayBeRestart &&= this.text.startsWith(piece, from);
    if (this.candidates[0]! > from) {
      this.candidates = this.candidates.filter((length) => this.mayOverlap(length, from));
    }
    return this.isOpen() ? { kind: "text", text: "" } : this.decide();
  }

  /** Says that no more pieces come, and decides about the held text. */
  end(): ContinuationOutput {
    return this.isDecided ? { kind: "text", text: "" } : this.decide();
  }

  /** Whether the end of the text with this length may be a repetition, by the characters held from `from` on. */
  private mayOverlap(length: number, from: number): boolean {
    const start = this.tail.length - length;
    const end = Math.min(length, this.held.length);
    for (let at = from; at < end; at++) {
      if (this.tail.charCodeAt(start + at) !== this.held.charCodeAt(at)) return false;
    }
    return true;
  }

  /** Whether more text is needed to decide. */
  private isOpen(): boolean {
    const { held, text } = this;
    const { echo } = this.info;
    if (this.hasContinued) return held.length < echo.length && echo.startsWith(held);
    return (this.candidates[0] ?? 0) > held.length || (this.mayBeRestart && held.length < text.length);
  }

  /** Whether the model continues its own message exactly, beginning with the white space that was not sent. */
  private get hasContinued(): boolean {
    return isPrefill(this.info) && /^\s/.test(this.held);
  }

  /** Decides whether the held text is a repetition. */
  private decide(): ContinuationOutput {
    const { held, text, hasContinued: goesOn } = this;
    const { echo } = this.info;
    this.isDecided = true;
    this.held = "";
    if (goesOn) return this.release(held, held.startsWith(echo) ? echo.length : 0);
    if (text.length > MAX_TAIL_CHARS && held.startsWith(text)) return this.release(held, text.length);
    const overlap = this.candidates.find((length) => length <= held.length) ?? 0;
    if (overlap >= MIN_OVERLAP_CHARS) {
      return hasRepetition(text, overlap) ? { kind: "unclear" } : this.release(held, overlap);
    }
    if (overlap > 0 && this.isDoubtful(overlap)) return { kind: "unclear" };
    if (!hasSameStart(held, text)) return this.release(held, 0);
    const isUnique = text.indexOf(text.slice(0, MIN_OVERLAP_CHARS), 1) < 0;
    return isUnique ? { kind: "restart", text: held } : { kind: "unclear" };
  }

  /** Whether a short overlap may be a repetition: it is the whole text, or the last words of a quoted one. */
  private isDoubtful(overlap: number): boolean {
    const { text } = this;
    if (overlap === text.length) return true;
    if (isPrefill(this.info)) return false;
    const end = text.slice(-overlap);
    const isWord = /\S/.test(end) && (/^\s/.test(end) || /\s/.test(text.at(-overlap - 1)!));
    return isWord || end.trim().length >= MIN_DOUBTFUL_CHARS;
  }

  /** Returns the held text without its overlap. */
  private release(held: string, overlap: number): ContinuationOutput {
    this.trimmed = overlap;
    return { kind: "text", text: held.slice(overlap) };
  }
}

/**
 * Joins a partial answer and its continuation without the overlap.
 * @param info how the model was asked to continue
 * @returns the reader's text in the end; undefined if it is uncertain whether the continuation is new or a repetition
 */
export function joinContinuation(
  text: string,
  continuation: string,
  info: ContinuationInfo,
): string | undefined {
  const trimmer = new OverlapTrimmer(text, info);
  let joined = text;
  for (const piece of [trimmer.push(continuation), trimmer.end()]) {
    if (piece.kind === "unclear") return undefined;
    joined = piece.kind === "restart" ? piece.text : joined + piece.text;
  }
  return joined;
}

/**
 * Whether the answer may repeat an overlap on purpose: its beginning occurred before, it starts within a word, or it belongs
 * to a pattern.
 */
function hasRepetition(text: string, overlap: number): boolean {
  const before = text.slice(0, -overlap);
  const end = text.slice(-overlap);
  const isFirst = text.indexOf(end.slice(0, MIN_OVERLAP_CHARS)) === before.length;
  const startsWord = before === "" || /\s/.test(before.slice(-1) + end[0]!);
  if (!isFirst || !startsWord || end.indexOf(end.slice(0, PATTERN_CHARS), 1) > 0) return true;
  return before !== "" && end.endsWith(before.slice(-PERIOD_CHARS));
}

/** Lists the lengths of all ends of a text, longest first. */
function listLengths({ length }: string): number[] {
  return Array.from({ length }, (_, at) => length - at);
}

/** Whether a continuation begins like the answer and then differs. */
function hasSameStart(held: string, text: string): boolean {
  const start = text.slice(0, MIN_OVERLAP_CHARS);
  return text.length > MIN_OVERLAP_CHARS && held.startsWith(start) && !text.startsWith(held);
}
