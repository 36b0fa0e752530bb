import { tryParseJson } from "./parse.js";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** What programs write for a number or for nothing, though JSON has none of it. */
const NO_VALUE = /-?\b(?:NaN|Infinity|inf|undefined|None)\b/gi;

const NOT_A_NUMBER = /-?\b(?:NaN|Infinity)\b/g;

/**
 * Parses JSON from a remote. `NaN`, `-inf`, `undefined`, `None` and their like count as null.
 * @returns undefined if the text is not even such JSON, or has a key that leads to a prototype
 */
export function tryParseLooseJson(text: string): unknown {
  const value = tryParseJson(text);
  if (value !== undefined) return value;
  // A bare word is a text, not a value.
  const noValue = /^\s*[[{]/.test(text) ? NO_VALUE : NOT_A_NUMBER;
  return text.search(noValue) === -1 ? undefined : tryParseJson(replaceOutsideStrings(text, noValue));
}

function replaceOutsideStrings(text: string, noValue: RegExp): string {
  let replaced = "";
  let from = 0;
  while (from < text.length) {
    const quote = text.indexOf('"', from);
    const start = quote === -1 ? text.length : quote;
    const end = findStringEnd(text, start);
    replaced += text.slice(from, start).replace(noValue, "null") + text.slice(start, end);
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
