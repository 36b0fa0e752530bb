import { copyText } from "../../core/chat/growing-text.js";
import { isObject, tryParseJson } from "../../core/json/parse.js";
import { findLiteralEnd, NEEDS_PARSING, PROBE } from "../string-literal.js";

/** A number that no service sends. It shows that a place really is the sequence number. */
const PROBE_NUMBER = 4_058_205_917;

/** After this many forgotten templates without a match, no more are learnt: the records differ too much. */
const MAX_MISSES = 16;

/** A place of a record that differs from the record before: the delta, a number that counts up, random padding. */
type Span = "delta" | "sequence_number" | "obfuscation";

/** Matches each key up to the first character of its value. */
const KEYS: readonly (readonly [Span, RegExp])[] = [
  ["delta", /"delta"\s*:\s*"/],
  ["sequence_number", /"sequence_number"\s*:\s*(?=\d)/],
  ["obfuscation", /"obfuscation"\s*:\s*"/],
];

/**
 * Reads the delta of a record without parsing the record, as `TextTemplate` does for Chat Completions. The records of a
 * Responses stream differ in up to three places, in any order. When a template is learnt, its record is parsed once with
 * a probe in each place, which proves that the places are what they seem.
 */
export class DeltaTemplate {
  /** What is the same in every record: before, between and after the spans. Empty without a template. */
  private pieces: readonly string[] = [];
  private spans: readonly Span[] = [];
  /** Templates that were forgotten since the last match. */
  private misses = 0;

  /** @returns the delta of a record that differs from the template only in its spans; undefined for any other record */
  match(data: string): string | undefined {
    const { pieces, spans } = this;
    if (pieces.length === 0) return undefined;
    let at = 0;
    let literal = "";
    for (let index = 0; index < pieces.length; index++) {
      const piece = pieces[index]!;
      // Slices are compared as memory; `startsWith` compares character by character.
      if (data.slice(at, at + piece.length) !== piece) return undefined;
      at += piece.length;
      if (index === spans.length) break;
      const end = findSpanEnd(data, at, spans[index]!);
      if (end < at) return undefined;
      if (spans[index] === "delta") literal = data.slice(at, end);
      at = end;
    }
    // An empty delta says nothing, so its record is read in full.
    if (at !== data.length || literal === "") return undefined;
    const delta = NEEDS_PARSING.test(literal) ? tryParseJson(`"${literal}"`) : literal;
    if (typeof delta !== "string") return undefined;
    this.misses = 0;
    return delta;
  }

  /** Makes a record the template for the next ones. Its delta must be all that is new in it. */
  learn(data: string): void {
    this.forget();
    if (this.misses >= MAX_MISSES) return;
    const found = KEYS.flatMap(([span, pattern]) => {
      const key = pattern.exec(data);
      if (!key) return [];
      const start = key.index + key[0].length;
      return [{ span, start, end: findSpanEnd(data, start, span) }];
    }).sort((one, other) => one.start - other.start);
    const pieces: string[] = [];
    let probed = "";
    let at = 0;
    for (const { span, start, end } of found) {
      if (end < start || start < at) return;
      pieces.push(data.slice(at, start));
      probed += data.slice(at, start) + (span === "sequence_number" ? PROBE_NUMBER : PROBE);
      at = end;
    }
    pieces.push(data.slice(at));
    const spans = found.map(({ span }) => span);
    if (!isProven(tryParseJson(probed + data.slice(at)), spans)) return;
    this.pieces = pieces.map(copyText);
    this.spans = spans;
  }

  /** Forgets the template. Call it for a record of another kind: a delta is compared with the one just before. */
  forget(): void {
    if (this.pieces.length > 0) this.misses++;
    this.pieces = [];
  }
}

/** Whether a record with probes has them in its own fields, the delta among them. */
function isProven(record: unknown, spans: readonly Span[]): boolean {
  if (!isObject(record) || !spans.includes("delta")) return false;
  return spans.every((span) => record[span] === (span === "sequence_number" ? PROBE_NUMBER : PROBE));
}

/** Finds where a span ends that begins at `start`. @returns -1 if it has an impossible form */
function findSpanEnd(data: string, start: number, span: Span): number {
  if (span === "delta") return findLiteralEnd(data, start);
  if (span === "obfuscation") {
    const end = data.indexOf('"', start);
    return end === -1 || NEEDS_PARSING.test(data.slice(start, end)) ? -1 : end;
  }
  let end = start;
  while (isDigit(data.charCodeAt(end))) end++;
  // JSON has no number with a leading zero.
  return end === start || (end > start + 1 && data.charCodeAt(start) === 48) ? -1 : end;
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}
