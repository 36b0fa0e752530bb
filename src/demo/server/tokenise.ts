/**
 * Cuts text into the pieces that the demo server streams, and counts them as its tokens.
 *
 * A piece is a word with the space before it, a run of punctuation, some white space, or one or two
 * characters of a script that writes without spaces. Every pattern works on code points, so that no
 * surrogate pair is ever cut, and the pieces joined are the text, whatever the text is.
 */

const UNSPACED = String.raw`\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}\p{sc=Thai}`;
const WORD = String.raw`\p{L}\p{M}\p{N}_'’`;

const PIECE = new RegExp(
  [
    `[${UNSPACED}]{1,2}`,
    ` ?(?:(?![${UNSPACED}])[${WORD}]){1,12}`,
    String.raw` ?[^\s${WORD}]{1,8}`,
    // White space before a word leaves its last blank to the word, as tokenisers of real models do.
    String.raw`\s{1,16}?(?= ?\S)`,
    String.raw`\s{1,16}`,
  ].join("|"),
  "gu",
);

/** Longest text that is counted piece by piece; what is longer is counted by its share (code units). */
const COUNTED = 65_536;

/** @returns the pieces of `text`, in order; `[]` for the empty string. */
export function pieces(text: string): string[] {
  return text.match(PIECE) ?? [];
}

/** @returns the number of pieces in `text`; an extrapolation for very long text, which would block the event loop. */
export function countTokens(text: string): number {
  if (text.length <= COUNTED) return pieces(text).length;
  return Math.round((pieces(text.slice(0, COUNTED)).length * text.length) / COUNTED);
}
