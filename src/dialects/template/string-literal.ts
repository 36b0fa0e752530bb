/** Matches what a string literal cannot have, or can have only as an escape. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids them unescaped in a string
export const NEEDS_PARSING = /["\\\u0000-\u001f]/;

/** Up to this length, a loop is faster than a search and a regular expression. */
const MAX_SHORT_CHARS = 40;

/**
 * Finds the closing quote of a string literal that is short and has no escapes, as most are.
 * @param start where its content begins
 * @returns -1 if the literal is longer, has an escape or does not end
 */
export function findShortEnd(data: string, start: number): number {
  for (let at = start; at <= start + MAX_SHORT_CHARS; at++) {
    const code = data.charCodeAt(at);
    if (code === 0x22) return at;
    // Behind the end of the data the code is NaN, which fails the comparison, too.
    if (!(code >= 0x20) || code === 0x5c) return -1;
  }
  return -1;
}

/** Finds the closing quote of a string literal whose content begins at `start`. @returns -1 if there is none */
export function findLiteralEnd(data: string, start: number): number {
  let quote = data.indexOf('"', start);
  while (quote > start && data.charCodeAt(quote - 1) === 92 && isEscaped(data, quote)) {
    quote = data.indexOf('"', quote + 1);
  }
  return quote;
}

/**
 * Parses a string literal that stands between quotes. Unlike a whole record, it has no keys to guard against.
 * @param start where its content begins
 * @param end place of its closing quote
 * @returns undefined if it is not valid
 */
export function parseLiteral(data: string, start: number, end: number): string | undefined {
  try {
    return JSON.parse(data.slice(start - 1, end + 1)) as string;
  } catch {
    return undefined;
  }
}

function isEscaped(data: string, quote: number): boolean {
  let backslashes = 0;
  while (data.charCodeAt(quote - 1 - backslashes) === 92) backslashes++;
  return backslashes % 2 === 1;
}
