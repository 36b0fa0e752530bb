import { endsWithHighSurrogate } from "../surrogates.js";
import type { BoundaryFinder } from "./boundary-finder.js";
import { findPreviousBoundary, findStableBoundary } from "./graphemes.js";

const WORDS = new Intl.Segmenter(undefined, { granularity: "word" });

/** Scripts that write no spaces between words. */
const UNSPACED = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}]/u;

const FIRST_UNSPACED = 0xe00;

const SPACE = /\s/;

/** Words that a dictionary needs behind one to be sure of its end. */
const UNSURE = 4;

/** How much of a text without spaces is looked at for words. */
const STRETCH = 200;

/** Where the last words begin whose end is not known yet. */
export class WordFinder implements BoundaryFinder {
  private seen = 0;
  /** Whether there is text in a script without spaces. */
  private unspaced = false;

  findBoundary(text: string): number {
    const from = this.seen;
    this.seen = endsWithHighSurrogate(text) ? text.length - 1 : text.length;
    // Only what is new can bring a gap, and the gap counts once something stands behind it.
    for (let at = text.length - 1; at >= Math.max(1, from); at--) {
      if (isSpace(text, at - 1) && !isSpace(text, at) && findStableBoundary(text, at) === at) return at;
    }
    this.unspaced ||= hasUnspacedScript(text, from);
    return this.unspaced ? measureSettledWords(text) : 0;
  }

  discard(length: number): void {
    this.seen = Math.max(0, this.seen - length);
    if (this.seen === 0) this.unspaced = false;
  }
}

/** The best place for a text that has to go on because it is too long: a line's end, a word's, a character's. */
export function findForcedCut(text: string, longest: number): number {
  const head = text.slice(0, longest);
  const line = head.lastIndexOf("\n") + 1;
  if (line > longest / 2) return line;
  for (let at = longest; at > longest / 2; at--) {
    if (isSpace(text, at - 1) && findStableBoundary(text, at) === at) return at;
  }
  return (hasUnspacedScript(head, 0) ? measureSettledWords(head) : 0) || findPreviousBoundary(text, longest);
}

/**
 * The end of the first word of a text, with the gap behind it.
 * @param longest what has no gap counts as a word up to here
 * @returns 0 where it may still grow
 */
export function measureFirstWord(text: string, from: number, longest: number): number {
  let at = from;
  while (at < text.length && isSpace(text, at)) at++;
  const begin = at;
  while (at < text.length && at - begin < longest && !isSpace(text, at)) at++;
  const word = text.slice(from, at);
  if (hasUnspacedScript(word, 0)) {
    const segments = [...WORDS.segment(word)].filter(({ segment }) => !SPACE.test(segment));
    if (at === text.length && segments.length < UNSURE) return 0;
    // A stop behind a word goes along with it.
    const second = segments.find(({ index, isWordLike }) => isWordLike && index > begin - from);
    if (second) return extendToBoundary(text, from, second.index);
  }
  while (at < text.length && isSpace(text, at)) at++;
  return extendToBoundary(text, from, at - from);
}

function extendToBoundary(text: string, from: number, length: number): number {
  const place = findStableBoundary(text, from + length);
  return place === 0 ? 0 : place - from;
}

/** Where the last words begin: what comes next may still change how they are told apart. */
function measureSettledWords(text: string): number {
  const from = Math.max(0, text.length - STRETCH);
  const begins: number[] = [];
  for (const { index, isWordLike } of WORDS.segment(text.slice(from))) if (isWordLike) begins.push(index);
  if (begins.length < UNSURE) return 0;
  const begin = from + begins.at(-UNSURE)!;
  return begin > 0 && findStableBoundary(text, begin) === begin ? begin : 0;
}

function hasUnspacedScript(text: string, from: number): boolean {
  for (let at = from; at < text.length; at++) {
    if (text.charCodeAt(at) >= FIRST_UNSPACED && UNSPACED.test(text.slice(at, at + 2))) return true;
  }
  return false;
}

function isSpace(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code === 32 || (code >= 9 && code <= 13) || (code > 127 && SPACE.test(text[at]!));
}
