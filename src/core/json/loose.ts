import { tryParseJson } from "./parse.js";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Numbers that Python writes into JSON, though JSON has none of them. */
const NOT_A_NUMBER = /-?\b(?:NaN|Infinity)\b/g;

/**
 * Parses JSON from a remote. `NaN`, `Infinity` and `-Infinity`, which Python writes, count as null.
 * @returns undefined if the text is not even such JSON, or has a key that leads to a prototype
 */
export function tryParseLooseJson(text: string): unknown {
  const value = tryParseJson(text);
  if (value !== undefined || !(text.includes("NaN") || text.includes("Infinity"))) return value;
  return tryParseJson(replaceOutsideStrings(text));
}

function replaceOutsideStrings(text: string): string {
  let replaced = "";
  let from = 0;
  while (from < text.length) {
    const quote = text.indexOf('"', from);
    const start = quote === -1 ? text.length : quote;
    const end = findStringEnd(text, start);
    replaced += text.slice(from, start).replace(NOT_A_NUMBER, "null") + text.slice(start, end);
    from = end;
  }
  return replaced;
}

/** @returns the place behind the closing quote of the string that begins at `start`, or the end of the text */
function findStringEnd(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (char === BACKSLASH) at++;
    else if (char === QUOTE) return at + 1;
  }
  return text.length;
}
