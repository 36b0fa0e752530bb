import { isHighSurrogate } from "../surrogates.js";

const GRAPHEME_SEGMENTER = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** Whether a place lies between two characters depends on the text after it, but on no more than this. */
const LOOKAHEAD_CHARS = 64;

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
    const code = text.charCodeAt(at);
    if (at === text.length - 1 && isHighSurrogate(code)) return 0;
    const before = text.charCodeAt(at - 1);
    if (before < MIN_JOINING_CODE && code < MIN_JOINING_CODE) {
      if (before !== 13 || code !== 10) return at;
      at++;
      continue;
    }
    const { index, segment } = GRAPHEME_SEGMENTER.segment(text.slice(0, at + LOOKAHEAD_CHARS)).containing(
      at,
    )!;
    if (index === at) return at;
    at = index + segment.length;
  }
  return 0;
}

/**
 * Finds the last place up to `maxChars` that lies between two characters as a reader sees them. A character that is
 * longer than `maxChars` is cut, though never within a surrogate pair.
 */
export function findPreviousBoundary(text: string, maxChars: number): number {
  if (findStableBoundary(text, maxChars) === maxChars) return maxChars;
  const { index } = GRAPHEME_SEGMENTER.segment(text.slice(0, maxChars + LOOKAHEAD_CHARS)).containing(
    maxChars,
  )!;
  if (index > 0) return index;
  return isHighSurrogate(text.charCodeAt(maxChars - 1)) ? maxChars - 1 : maxChars;
}

/** Measures a text without its last character if the next piece of the text often extends such a character. */
export function measureStableText(text: string): number {
  const end = text.slice(-2);
  if (!EXTENDABLE_END.test(end) && (SELF_CONTAINED_END.test(end) || !LETTER_END.test(end)))
    return text.length;
  return GRAPHEME_SEGMENTER.segment(text).containing(text.length - 1)?.index ?? 0;
}
