/**
 * Splits text into the demo server's tokens: a word with the blank before it, some punctuation, some white space,
 * or one or two characters of a script without spaces. No surrogate pair is split, and the tokens joined are the text.
 */
const UNSPACED = String.raw`\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}\p{sc=Thai}`;
const WORD = String.raw`\p{L}\p{M}\p{N}_'’`;
const TOKEN = new RegExp(
  [
    `[${UNSPACED}]{1,2}`,
    ` ?(?:(?![${UNSPACED}])[${WORD}]){1,12}`,
    String.raw` ?[^\s${WORD}]{1,8}`,
    // White space before a word leaves its last blank to the word, as the tokenisers of real models do.
    String.raw`\s{1,16}?(?= ?\S)`,
    String.raw`\s{1,16}`,
  ].join("|"),
  "gu",
);

/** Longer text is counted by a sample, because counting all of it would block the event loop. */
const MAX_COUNTED_CHARS = 65_536;

export function splitTokens(text: string): string[] {
  return text.match(TOKEN) ?? [];
}

/** @returns the number of tokens, estimated beyond {@link MAX_COUNTED_CHARS} */
export function countTokens(text: string): number {
  if (text.length <= MAX_COUNTED_CHARS) return splitTokens(text).length;
  return Math.round((splitTokens(text.slice(0, MAX_COUNTED_CHARS)).length * text.length) / MAX_COUNTED_CHARS);
}
