import { isHighSurrogate } from "../surrogates.js";

const GRAPHEMES = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** How far beyond a place one has to look to know whether it is one between two characters. */
const AHEAD = 64;

/** Below this code point nothing joins what stands before it: letters, digits and signs of European languages. */
const FIRST_MARK = 0x300;

/** What often goes on in the next code point: emoji, flags, marks, joiners, half a surrogate pair, half a CR LF. */
const GROWING = /[\p{Extended_Pictographic}\p{Emoji_Modifier}\p{Regional_Indicator}\p{M}\p{Cf}\p{Cs}\r]$/u;

/** Letters of other scripts (Thai, Devanagari …) get their vowels as further code points. */
const LETTER = /\p{L}$/u;
const SELF_CONTAINED =
  /[\p{sc=Latin}\p{sc=Greek}\p{sc=Cyrillic}\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}\p{sc=Arabic}\p{sc=Hebrew}]$/u;

/**
 * The first place from `from` on that lies between two characters as a reader sees them, whatever is appended.
 * @returns 0 where there is none before the text's end: what stands there may still grow
 */
export function findStableBoundary(text: string, from: number): number {
  let place = from;
  while (place < text.length) {
    const code = text.charCodeAt(place);
    if (place === text.length - 1 && isHighSurrogate(code)) return 0;
    const before = text.charCodeAt(place - 1);
    if (before < FIRST_MARK && code < FIRST_MARK) {
      if (before !== 13 || code !== 10) return place;
      place++;
      continue;
    }
    const { index, segment } = GRAPHEMES.segment(text.slice(0, place + AHEAD)).containing(place)!;
    if (index === place) return place;
    place = index + segment.length;
  }
  return 0;
}

/** The last place up to `longest` that lies between two characters; in the middle of one only where it is longer. */
export function findPreviousBoundary(text: string, longest: number): number {
  if (findStableBoundary(text, longest) === longest) return longest;
  const { index } = GRAPHEMES.segment(text.slice(0, longest + AHEAD)).containing(longest)!;
  if (index > 0) return index;
  return isHighSurrogate(text.charCodeAt(longest - 1)) ? longest - 1 : longest;
}

/** A text's length without a last character of the kind that often goes on in the next piece. */
export function measureStableText(text: string): number {
  const end = text.slice(-2);
  if (!GROWING.test(end) && (SELF_CONTAINED.test(end) || !LETTER.test(end))) return text.length;
  return GRAPHEMES.segment(text).containing(text.length - 1)?.index ?? 0;
}
