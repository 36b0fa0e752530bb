import { copyText } from "../../core/chat/growing-text.js";
import { isObject, tryParseJson } from "../../core/json/parse.js";

/** A text that no vendor sends and that needs no escaping: shows where in the record the text stands. */
const PROBE = "\u2063probe\u2063";

/** After so many records that were unlike the one before, the stream is taken for one of that kind. */
const MAX_MISSES = 16;

/** Random padding against traffic analysis, at the top of a record (OpenAI `obfuscation`, Mistral `p`); ignored. */
export const PADDING_FIELDS = ["obfuscation", "p"] as const;

/** Where a text begins, if the first key of that name is the right one. */
const CONTENT_KEY = /"content"\s*:\s*"/;

// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids them unescaped in a string
const NEEDS_PARSING = /["\\\u0000-\u001f]/;

/**
 * Most records of a stream differ from the one before only in the text, `…"content":"` text `"},…`, and perhaps in
 * a padding behind it. Where the bytes around these are the same, parsing them again can give nothing new, and
 * parsing is the larger half of what a chunk costs. That the places found are really the first choice's text and
 * an ignored padding is proven once per template, by parsing the record with a probe in each place.
 */
export class TextTemplate {
  private before = "";
  private after = "";
  /** What follows the padding, which `after` then leads up to; undefined where the records have none. */
  private end: string | undefined;
  private misses = 0;

  /** @param key finds where the text begins, if the first that fits is the right one */
  constructor(private readonly key = CONTENT_KEY) {}

  /** @returns the text of a record that differs from the template only there, else undefined. */
  match(data: string): string | undefined {
    const { before, after, end } = this;
    // Comparing a slice is a comparison of memory; `startsWith` goes character by character (5 times slower).
    if (before === "" || data.slice(0, before.length) !== before) return undefined;
    const close = findLiteralEnd(data, before.length);
    const rest = close + after.length;
    // An empty text tells nothing, and so is no text.
    if (close <= before.length || data.slice(close, rest) !== after) return undefined;
    if (end === undefined ? rest !== data.length : !this.matchesPadding(data, rest, end)) return undefined;
    const literal = data.slice(before.length, close);
    // With escapes in it, it is still one string literal exactly if it parses as one.
    const text = NEEDS_PARSING.test(literal) ? tryParseJson(`"${literal}"`) : literal;
    if (typeof text !== "string") return undefined;
    this.misses = 0;
    return text;
  }

  /**
   * Takes a record, known to be plain text and nothing new, as the pattern of those to come.
   * @param textOf reads the first choice's text from a parsed record
   */
  learn(data: string, textOf: (record: unknown) => unknown): void {
    this.forget();
    if (this.misses >= MAX_MISSES) return;
    const key = this.key.exec(data);
    if (!key) return;
    const at = key.index + key[0].length;
    const before = data.slice(0, at);
    const after = data.slice(findLiteralEnd(data, at));
    if (textOf(tryParseJson(before + PROBE + after)) !== PROBE) return;
    this.before = copyText(before);
    this.after = copyText(after);
    this.end = undefined;
    this.findPadding(data, after);
  }

  /** Another kind of record has come: what it said must not be overlooked when the old kind comes again. */
  forget(): void {
    if (this.before !== "") this.misses++;
    this.before = "";
  }

  private findPadding(data: string, after: string): void {
    const record = tryParseJson(data);
    if (!isObject(record)) return;
    for (const field of PADDING_FIELDS) {
      const padding = record[field];
      if (typeof padding !== "string") continue;
      const key = `"${field}":"`;
      const at = after.indexOf(key);
      if (at === -1 || after.indexOf(key, at + 1) !== -1) return;
      const start = at + key.length;
      const stop = findLiteralEnd(after, start);
      const probed = tryParseJson(
        data.slice(0, data.length - after.length + start) + PROBE + after.slice(stop),
      );
      if (!isObject(probed) || probed[field] !== PROBE) return;
      this.after = copyText(after.slice(0, start));
      this.end = copyText(after.slice(stop));
      return;
    }
  }

  private matchesPadding(data: string, from: number, end: string): boolean {
    const stop = data.length - end.length;
    return stop >= from && data.endsWith(end) && !NEEDS_PARSING.test(data.slice(from, stop));
  }
}

/** Where a string literal that has begun before `from` is closed; -1 where it is not. */
function findLiteralEnd(data: string, from: number): number {
  let quote = data.indexOf('"', from);
  while (quote > from && data.charCodeAt(quote - 1) === 92 && isEscaped(data, quote)) {
    quote = data.indexOf('"', quote + 1);
  }
  return quote;
}

function isEscaped(data: string, at: number): boolean {
  let slashes = 0;
  while (data.charCodeAt(at - 1 - slashes) === 92) slashes++;
  return slashes % 2 === 1;
}
