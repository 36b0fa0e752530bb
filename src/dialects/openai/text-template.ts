import { copyText } from "../../core/chat/growing-text.js";
import { isObject, tryParseJson } from "../../core/json/parse.js";
import { findLiteralEnd, NEEDS_PARSING, PROBE } from "../string-literal.js";

/** After this many forgotten templates without a match, no more are learnt: the records differ too much. */
const MAX_MISSES = 16;

/** Top-level fields with random padding against traffic analysis (OpenAI `obfuscation`, Mistral `p`). Ignored. */
export const PADDING_FIELDS = ["obfuscation", "p"] as const;

/** Matches the key `content` up to the first character of its text. */
const CONTENT_KEY = /"content"\s*:\s*"/;

/**
 * Reads the text of a record without parsing the record. Most records of a stream differ from the one before only in the
 * text, `…"content":"` text `"},…`, and perhaps in the padding behind it. If everything around these is the same, parsing
 * gives nothing new, and parsing is more than half of a chunk's cost. Once per template, the record is parsed with a
 * probe in each place, which proves that the places are really the first choice's text and an ignored padding.
 */
export class TextTemplate {
  /** What comes before the text; "" without a template. */
  private before = "";
  /** What comes after the text, up to the padding or to the end of the record. */
  private after = "";
  /** What comes after the padding; undefined if the records have no padding. */
  private end: string | undefined;
  /** Templates that were forgotten since the last match. */
  private misses = 0;

  /** @param key matches up to where the text begins; only its first match is tried. Default: the key `content`. */
  constructor(private readonly key = CONTENT_KEY) {}

  /** @returns the text of a record that differs from the template only in text and padding; undefined for any other */
  match(data: string): string | undefined {
    const { before, after, end } = this;
    // Slices are compared as memory; `startsWith` compares character by character and is 5 times slower.
    if (before === "" || data.slice(0, before.length) !== before) return undefined;
    const close = findLiteralEnd(data, before.length);
    const rest = close + after.length;
    // A record with an empty text is not a text record, so it does not match.
    if (close <= before.length || data.slice(close, rest) !== after) return undefined;
    if (end === undefined ? rest !== data.length : !this.matchesPadding(data, rest, end)) return undefined;
    const literal = data.slice(before.length, close);
    // A text with escapes is valid only if it parses as one string literal.
    const text = NEEDS_PARSING.test(literal) ? tryParseJson(`"${literal}"`) : literal;
    if (typeof text !== "string") return undefined;
    this.misses = 0;
    return text;
  }

  /**
   * Makes a record the template for the next ones. Its text must be all that is new in it.
   * @param readText reads the text from a parsed record
   */
  learn(data: string, readText: (record: unknown) => unknown): void {
    this.forget();
    if (this.misses >= MAX_MISSES) return;
    const key = this.key.exec(data);
    if (!key) return;
    const start = key.index + key[0].length;
    const before = data.slice(0, start);
    const after = data.slice(findLiteralEnd(data, start));
    if (readText(tryParseJson(before + PROBE + after)) !== PROBE) return;
    this.before = copyText(before);
    this.after = copyText(after);
    this.end = undefined;
    this.findPadding(data, after);
  }

  /** Forgets the template. Call it for a record of another kind: a text record is compared with the one just before. */
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
      const keyStart = after.indexOf(key);
      if (keyStart === -1 || after.indexOf(key, keyStart + 1) !== -1) return;
      const start = keyStart + key.length;
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

  /** Whether a record has padding from `start` on, and then `end`. */
  private matchesPadding(data: string, start: number, end: string): boolean {
    const stop = data.length - end.length;
    return stop >= start && data.endsWith(end) && !NEEDS_PARSING.test(data.slice(start, stop));
  }
}
