import { type ContinuationInfo, isPrefill } from "./continuation.js";

/** An overlap of this length is a repetition and not chance, if nothing in the text repeats itself. */
const MIN_OVERLAP_CHARS = 16;

/** In a quoted continuation, a shorter overlap is chance if it is also shorter than this and less than a word. */
const MIN_DOUBTFUL_CHARS = 4;

/** A piece of this length that comes twice in an overlap shows a pattern, such as a ruled line. */
const PATTERN_CHARS = 8;

/** If this many characters end both the overlap and the text before it, the text may have a period. */
const PERIOD_CHARS = 2;

/** How much of the text's end is compared with the beginning of the continuation. */
const MAX_TAIL_CHARS = 1000;

/**
 * What a piece of a continuation adds to the text that the reader has.
 * - `text`: this text, which may be empty.
 * - `restart`: the model began its answer anew; the text replaces everything that the reader has.
 * - `unclear`: nobody can tell a repetition from new text, so the request has to start over.
 */
export type ContinuationOutput =
  | { kind: "text"; text: string }
  | { kind: "restart"; text: string }
  | { kind: "unclear" };

/**
 * Takes away what a model repeats when it is asked to continue a broken answer. One rule: an overlap of 16 characters
 * or more is a repetition, and so is an answer that begins anew; if that cannot be told, the request starts over.
 * Holds text back only while it may still turn out to be a repetition.
 */
export class OverlapTrimmer {
  /** Characters taken away so far. */
  trimmed = 0;
  private held = "";
  private isDecided = false;
  private readonly tail: string;
  /** Lengths of endings of the text that the continuation may still repeat, longest first. */
  private candidates: number[];
  /** Whether the continuation is the text's beginning, as far as it has come. */
  private mayBeRestart = true;

  /** @param text what the reader has of the answer */
  constructor(
    private readonly text: string,
    private readonly info: ContinuationInfo,
  ) {
    this.tail = text.slice(-MAX_TAIL_CHARS);
    this.candidates = listLengths(this.tail);
    if (text === "") this.isDecided = true;
  }

  push(piece: string): ContinuationOutput {
    if (this.isDecided) return { kind: "text", text: piece };
    const from = this.held.length;
    this.held += piece;
    this.mayBeRestart &&= this.text.startsWith(piece, from);
    if (this.candidates[0]! > from)
      this.candidates = this.candidates.filter((length) => this.mayOverlap(length, from));
    return this.isOpen() ? { kind: "text", text: "" } : this.decide();
  }

  /** Ends the continuation. What was held back is decided with what has come. */
  end(): ContinuationOutput {
    return this.isDecided ? { kind: "text", text: "" } : this.decide();
  }

  /** Begins again with the first piece: the source sends the continuation once more. */
  restart(): void {
    this.held = "";
    this.trimmed = 0;
    this.isDecided = this.text === "";
    this.mayBeRestart = true;
    this.candidates = listLengths(this.tail);
  }

  /** Whether the ending of this length agrees with what is held, as far as both go. */
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

  /** Whether the model continues from its own words, with white space that it was not told of. */
  private get hasContinued(): boolean {
    return isPrefill(this.info) && /^\s/.test(this.held);
  }

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

  private release(held: string, overlap: number): ContinuationOutput {
    this.trimmed = overlap;
    return { kind: "text", text: held.slice(overlap) };
  }
}

/**
 * Joins a text and its continuation.
 * @returns the text that the reader has in the end; undefined if nobody can tell
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

/** Whether the text had the beginning of this ending before, or it starts inside a word or belongs to a pattern: then once more may be meant. */
function hasRepetition(text: string, overlap: number): boolean {
  const before = text.slice(0, -overlap);
  const end = text.slice(-overlap);
  const isFirst = text.indexOf(end.slice(0, MIN_OVERLAP_CHARS)) === before.length;
  const startsWord = before === "" || /\s/.test(before.slice(-1) + end[0]!);
  if (!isFirst || !startsWord || end.indexOf(end.slice(0, PATTERN_CHARS), 1) > 0) return true;
  return before !== "" && end.endsWith(before.slice(-PERIOD_CHARS));
}

/** @returns the lengths of all endings of a text, longest first */
function listLengths({ length }: string): number[] {
  return Array.from({ length }, (_, at) => length - at);
}

/** Whether a continuation begins as the answer did, and then differs. */
function hasSameStart(held: string, text: string): boolean {
  const start = text.slice(0, MIN_OVERLAP_CHARS);
  return text.length > MIN_OVERLAP_CHARS && held.startsWith(start) && !text.startsWith(held);
}
