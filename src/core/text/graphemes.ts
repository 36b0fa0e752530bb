import { isHighSurrogate } from "../surrogates.js";

const GRAPHEME_SEGMENTER = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** Whether a place lies between two characters depends on the text after it, but on no more than this. */
const LOOKAHEAD_CHARS = 64;

/** It also depends on the text before it, but on no more than this. A longer character may be cut. */
const LOOKBACK_CHARS = 256;

/** Below this code point nothing joins the character before it: letters, digits and signs of European languages. */
const MIN_JOINING_CODE = 0x300;

/** Ends that the next code point often extends: emoji, flags, marks, joiners, half a surrogate pair, half a CR LF. */
const EXTENDABLE_END =
  /[\p{Extended_Pictographic}\p{Emoji_Modifier}\p{Regional_Indicator}\p{M}\p{Cf}\p{Cs}\r]$/u;

/** Letters of scripts other than the self-contained ones (Thai, Devanagari …) get vowels as further code points. */
const LETTER_END = /\p{L}$/u;
const SELF_CONTAINED_END =
  /[\p{sc=Latin}\p{sc=Greek}\p{sc=Cyrillic}\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}\p{sc=Arabic}\p{sc=Hebrew}]$/u;

/**
 * Finds the first place at or after `from` that lies between two characters as a reader sees them (grapheme
 * clusters), whatever is appended to the text.
 * @returns 0 if there is none before the end: the last character may still grow
 */
export function findStableBoundary(text: string, from: number): number {
  let at = from;
  while (at < text.length) {
    const end = findCharacterEnd(text, at);
    if (end === at) return at;
    if (end === 0) return 0;
    at = end;
  }
  return 0;
}

/** Whether a place lies between two characters as a reader sees them, whatever is appended to the text. */
export function isStableBoundary(text: string, at: number): boolean {
  return at > 0 && at < text.length && findCharacterEnd(text, at) === at;
}

/**
 * Finds the last place up to `maxChars` that lies between two characters as a reader sees them. A character that is
 * longer than `maxChars` is cut, though never within a surrogate pair.
 */
export function findPreviousBoundary(text: string, maxChars: number): number {
  if (isStableBoundary(text, maxChars)) return maxChars;
  const { start } = readCharacter(text, maxChars);
  if (start > 0) return start;
  return isHighSurrogate(text.charCodeAt(maxChars - 1)) ? maxChars - 1 : maxChars;
}

/** @returns `at` if a character begins there, else where the character ends, as far as it is read; 0 if it may still grow */
function findCharacterEnd(text: string, at: number): number {
  const code = text.charCodeAt(at);
  if (at === text.length - 1 && isHighSurrogate(code)) return 0;
  const before = text.charCodeAt(at - 1);
  if (before < MIN_JOINING_CODE && code < MIN_JOINING_CODE) return before === 13 && code === 10 ? at + 1 : at;
  const { start, end } = readCharacter(text, at);
  return start === at ? at : end;
}

/**
 * Reads the character at a place, from a part of the text around it. To read all of the text each time would take
 * quadratic time.
 * @returns its start, 0 if that is too far away, and its end
 */
function readCharacter(text: string, at: number): { start: number; end: number } {
  const from = findReadingStart(text, at);
  const around = text.slice(from, at + LOOKAHEAD_CHARS);
  const { index, segment } = GRAPHEME_SEGMENTER.segment(around).containing(at - from)!;
  return { start: index > 0 ? from + index : 0, end: from + index + segment.length };
}

/** Finds a place before `at` from which characters can be read: the start of one, or one that is far away. */
function findReadingStart(text: string, at: number): number {
  const last = Math.max(0, at - LOOKBACK_CHARS);
  let from = Math.max(0, at - 1);
  while (
    from > last &&
    (text.charCodeAt(from) >= MIN_JOINING_CODE || text.charCodeAt(from - 1) >= MIN_JOINING_CODE)
  )
    from--;
  if (from > 0 && isHighSurrogate(text.charCodeAt(from - 1))) from--;
  // Two letters of a flag make a character: an odd number of them before this place belongs to the flag here.
  let flagStart = from;
  while (isFlagLetter(text, flagStart - 2)) flagStart -= 2;
  return flagStart === from || !isFlagLetter(text, from) || ((from - flagStart) / 2) % 2 === 0
    ? from
    : from - 2;
}

/** Whether a regional indicator stands at a place. Two of them are a flag. */
function isFlagLetter(text: string, at: number): boolean {
  const second = text.charCodeAt(at + 1);
  return text.charCodeAt(at) === 0xd83c && second >= 0xdde6 && second <= 0xddff;
}

/** Measures a text without its last character if the next piece of the text often extends such a character. */
export function measureStableText(text: string): number {
  const end = text.slice(-2);
  if (!EXTENDABLE_END.test(end) && (SELF_CONTAINED_END.test(end) || !LETTER_END.test(end)))
    return text.length;
  return readCharacter(text, text.length - 1).start;
}
