import { tryParseJson } from "../core/json.js";
import { ownCopy } from "../core/text.js";

/** A text that no vendor sends and that needs no escaping: shows where in the record the text stands. */
const PROBE = "\u2063probe\u2063";

/** After so many records that were unlike the one before, the stream is taken for one of that kind. */
const PATIENCE = 16;

// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids them unescaped in a string
const NEEDS_PARSING = /["\\\u0000-\u001f]/;

/**
 * Most records of a stream differ from the one before only in the text: `…"content":"` text `"},…`. Where the
 * bytes around the text are the same, parsing them again can give nothing new, and parsing is the larger half
 * of what a chunk costs. That the place found is really the first choice's text is proven once per template,
 * by parsing the record with a probe in that place.
 */
export class TextTemplate {
  private before = "";
  private after = "";
  private misses = 0;

  /** @returns the text of a record that differs from the template only there, else undefined. */
  match(data: string): string | undefined {
    const { before, after } = this;
    if (before === "" || data.length <= before.length + after.length) return undefined;
    // Comparing a slice is a comparison of memory; `startsWith` goes character by character (5 times slower).
    if (data.slice(0, before.length) !== before || !data.endsWith(after)) return undefined;
    const literal = data.slice(before.length, data.length - after.length);
    if (!NEEDS_PARSING.test(literal)) {
      this.misses = 0;
      return literal;
    }
    // With escapes in it, it is still one string literal exactly if it parses as one.
    const text = tryParseJson(`"${literal}"`);
    if (typeof text !== "string") return undefined;
    this.misses = 0;
    return text;
  }

  /**
   * Takes a record, known to be plain text and nothing new, as the pattern of those to come.
   * @param textOf reads the first choice's text from a parsed record
   */
  learn(data: string, text: string, textOf: (record: unknown) => unknown): void {
    if (this.misses >= PATIENCE) return;
    if (this.before !== "") this.misses++;
    this.before = "";
    if (NEEDS_PARSING.test(text)) return;
    const at = data.indexOf(`"${text}"`);
    if (at === -1 || data.indexOf(`"${text}"`, at + 1) !== -1) return;
    const before = data.slice(0, at + 1);
    const after = data.slice(at + 1 + text.length);
    if (textOf(tryParseJson(before + PROBE + after)) !== PROBE) return;
    this.before = ownCopy(before);
    this.after = ownCopy(after);
  }
}
