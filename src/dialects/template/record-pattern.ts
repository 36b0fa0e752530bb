import { tryParseJson } from "../../core/json/parse.js";

/** A part of a record that varies. */
export interface VaryingSpan {
  /** What stands before it, in every record. */
  readonly before: string;
  /** Which of the texts or values it is; -1 if it means nothing. */
  readonly slot: number;
  readonly form: "string" | "number" | "list" | "object";
}

/** The content of a JSON string without escapes (RFC 8259, section 7). */
const PLAIN_STRING = '[^"\\\\\\x00-\\x1f]*';

/** The content of a JSON string. Each character can be matched in one way only, so that no text takes long. */
const STRING = `${PLAIN_STRING}(?:\\\\(?:["\\\\/bfnrt]|u[\\da-fA-F]{4})${PLAIN_STRING})*`;

/** A JSON number (RFC 8259, section 6). */
const NUMBER = "-?(?:0|[1-9]\\d*)(?:\\.\\d+)?(?:[eE][+-]?\\d+)?";

/** What means something else in a regular expression than in a text. */
const SYNTAX = /[\\^$.*+?()[\]{}|/]/g;

/**
 * A template as one regular expression. The engine turns it into machine code, which compares a record three times as fast
 * as slices of texts do. That takes about 0.15 ms and 7 KiB, so only a template that matches again and again is worth it.
 */
export class RecordPattern {
  private readonly expression: RegExp;
  /** The slots of the texts, in the order of their places. */
  private readonly slots: readonly number[];

  private constructor(spans: readonly VaryingSpan[], after: string) {
    const parts = spans.map(({ before, slot, form }) => {
      if (form === "number") return escapeSyntax(before) + NUMBER;
      return escapeSyntax(before) + (slot === -1 ? PLAIN_STRING : `(${STRING})`);
    });
    this.expression = new RegExp(parts.join("") + escapeSyntax(after), "y");
    this.slots = spans.map(({ slot }) => slot).filter((slot) => slot !== -1);
  }

  /** @returns undefined if a span is a list or an object, which no regular expression can read */
  static create(spans: readonly VaryingSpan[], after: string): RecordPattern | undefined {
    const isReadable = spans.every(({ form }) => form === "string" || form === "number");
    return isReadable ? new RecordPattern(spans, after) : undefined;
  }

  /**
   * Does what `RecordTemplate.match` does.
   * @param texts get the texts of a record that matches
   */
  match(data: string, from: number, end: number, texts: string[]): boolean {
    const { expression, slots } = this;
    expression.lastIndex = from;
    const match = expression.exec(data);
    if (match === null || expression.lastIndex !== end) return false;
    for (let at = 0; at < slots.length; at++) {
      const literal = match[at + 1]!;
      if (literal === "") return false;
      texts[slots[at]!] = literal.includes("\\") ? (tryParseJson(`"${literal}"`) as string) : literal;
    }
    return true;
  }
}

function escapeSyntax(text: string): string {
  return text.replace(SYNTAX, "\\$&");
}
