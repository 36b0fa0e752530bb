import { endsWithHighSurrogate } from "../surrogates.js";
import type { BoundaryFinder } from "./boundary-finder.js";
import { findPreviousBoundary, findStableBoundary, isStableBoundary } from "./graphemes.js";

const WORD_SEGMENTER = new Intl.Segmenter(undefined, { granularity: "word" });

/** Scripts that write no spaces between words. `Intl.Segmenter` finds their words with a dictionary. */
const UNSPACED_SCRIPT =
  /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}]/u;

/** The lowest code point of these scripts. Most text lies below it and needs no regular expression. */
const MIN_UNSPACED_CODE = 0xe00;

const SPACE = /\s/;

/** The last words of a text without spaces are uncertain: the dictionary may join them with the text that follows. */
const UNCERTAIN_WORDS = 4;

/** Only this much of the end of a text without spaces is segmented, to keep the cost of a piece constant. */
const MAX_SEGMENTED_CHARS = 200;

/** Finds the ends of words. It holds back the last words, which may still grow. */
export class WordFinder implements BoundaryFinder {
  /** Characters of the text that were searched. */
  private searched = 0;
  /** Whether the text has a script without spaces. */
  private hasUnspaced = false;

  findBoundary(text: string): number {
    const from = this.searched;
    this.searched = endsWithHighSurrogate(text) ? text.length - 1 : text.length;
    // Only new text can bring a space, and a space is a boundary only once something follows it.
    for (let at = text.length - 1; at >= Math.max(1, from); at--) {
      if (isSpace(text, at - 1) && !isSpace(text, at) && isStableBoundary(text, at)) return at;
    }
    this.hasUnspaced ||= hasUnspacedScript(text, from);
    return this.hasUnspaced ? measureCertainWords(text) : 0;
  }

  discard(length: number): void {
    this.searched = Math.max(0, this.searched - length);
    if (this.searched === 0) this.hasUnspaced = false;
  }
}

/**
 * Finds the best place to cut a text that is too long to be held: after a line, else after a word, else between two
 * characters.
 * @returns the length of the part to cut off, at most `maxChars`
 */
export function findForcedCut(text: string, maxChars: number): number {
  const head = text.slice(0, maxChars);
  const line = head.lastIndexOf("\n") + 1;
  if (line > maxChars / 2) return line;
  for (let at = maxChars; at > maxChars / 2; at--) {
    if (isSpace(text, at - 1) && isStableBoundary(text, at)) return at;
  }
  return (hasUnspacedScript(head, 0) ? measureCertainWords(head) : 0) || findPreviousBoundary(text, maxChars);
}

/**
 * Measures the first word at a place of a text, with the white space around it.
 * @param from where the word begins
 * @param maxChars a word without a space is cut at this length
 * @returns its length; 0 if it may still grow
 */
export function measureFirstWord(text: string, from: number, maxChars: number): number {
  let at = from;
  while (at < text.length && isSpace(text, at)) at++;
  const start = at;
  while (at < text.length && at - start < maxChars && !isSpace(text, at)) at++;
  const word = text.slice(from, at);
  if (hasUnspacedScript(word, 0)) {
    const segments = [...WORD_SEGMENTER.segment(word)].filter(({ segment }) => !SPACE.test(segment));
    if (at === text.length && segments.length < UNCERTAIN_WORDS) return 0;
    // Punctuation after a word belongs to it.
    const second = segments.find(({ index, isWordLike }) => isWordLike && index > start - from);
    if (second) return extendToBoundary(text, from, second.index);
  }
  while (at < text.length && isSpace(text, at)) at++;
  return extendToBoundary(text, from, at - from);
}

/** Extends a length to the end of its last character. @returns 0 if that character may still grow */
function extendToBoundary(text: string, from: number, length: number): number {
  const boundary = findStableBoundary(text, from + length);
  return boundary === 0 ? 0 : boundary - from;
}

/** Measures a text up to its uncertain last words. @returns 0 if there are too few words to tell */
function measureCertainWords(text: string): number {
  const from = Math.max(0, text.length - MAX_SEGMENTED_CHARS);
  const starts: number[] = [];
  for (const { index, isWordLike } of WORD_SEGMENTER.segment(text.slice(from))) {
    if (isWordLike) starts.push(index);
  }
  if (starts.length < UNCERTAIN_WORDS) return 0;
  const start = from + starts.at(-UNCERTAIN_WORDS)!;
  return start > 0 && isStableBoundary(text, start) ? start : 0;
}

function hasUnspacedScript(text: string, from: number): boolean {
  for (let at = from; at < text.length; at++) {
    if (text.charCodeAt(at) >= MIN_UNSPACED_CODE && UNSPACED_SCRIPT.test(text.slice(at, at + 2))) return true;
  }
  return false;
}

function isSpace(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code === 32 || (code >= 9 && code <= 13) || (code > 127 && SPACE.test(text[at]!));
}
