import { copyText } from "../../core/growing-text.js";
import { isWithinDepth, mayNestDeeper, tryParseJson } from "../../core/json/parse.js";
import { findPlaces, type Place } from "./json-places.js";
import { RecordPattern, type VaryingSpan } from "./record-pattern.js";
import type { Repeat } from "./repeat.js";
import { findLiteralEnd, findShortEnd, NEEDS_PARSING, parseLiteral } from "./string-literal.js";

/** Longer records are parsed: a template keeps a copy of its record. */
export const MAX_TEMPLATE_CHARS = 16 * 1024;

/** A template gets a pattern, which takes time to make, after this many matches of records that followed another in a text. */
export const PATTERN_MATCHES = 1000;

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** Matches the characters of a number, in any order. `NUMBER` then checks the order. */
const NUMBER_CHARS = /[-+.\deE]*/y;

/**
 * The text of a record, with spans that vary. Another record that is the same but for these spans need not be parsed.
 * What a template matches is valid JSON, and it differs from the template's record only in the values of the spans.
 */
export class RecordTemplate {
  /** The texts and values of the latest record that matched. */
  readonly texts: string[];
  readonly values: unknown[];
  /** How many records matched that followed another one in the same text. */
  private matches = 0;
  private pattern: RecordPattern | undefined;

  private constructor(
    /** The record that this is the template of. */
    readonly source: string,
    private readonly spans: readonly VaryingSpan[],
    /** What stands behind the last span. */
    private readonly after: string,
    /** How deeply a value in a slot may nest. */
    private readonly depth: number,
    slots: Pick<Repeat, "texts" | "values">,
  ) {
    // Lists of known length take no more memory than they need.
    this.texts = slots.texts.map(() => "");
    this.values = (slots.values ?? []).map(() => undefined);
  }

  /**
   * Creates the template of a record.
   * @param data the text of the record
   * @param varying the places that may vary without meaning and do vary; more of them make a template slower
   * @param depth how deeply the JSON of a record may nest
   * @returns undefined if the record cannot be a template, or if no text of it varies
   */
  static create(
    data: string,
    slots: Pick<Repeat, "texts" | "values">,
    varying: readonly string[],
    depth: number,
  ): RecordTemplate | undefined {
    const { texts, values = [] } = slots;
    const places = data.length > MAX_TEMPLATE_CHARS ? undefined : findPlaces(data);
    const found = places && findSpans(data, places, texts, values, varying);
    if (!found) return undefined;
    const ends = [0, ...found.map(({ end }) => end)];
    // One of the places is inside another one.
    if (found.some(({ start }, at) => start < ends[at]!)) return undefined;
    // The parts are views of one copy.
    const source = copyText(data);
    const spans = found.map(({ start, slot, form }, at) => ({
      before: source.slice(ends[at], start),
      slot,
      form,
    }));
    const nesting = Math.max(0, ...values.map((place) => place.split("/").length));
    return new RecordTemplate(source, spans, source.slice(ends.at(-1)), depth - nesting, slots);
  }

  /**
   * Compares a record with the template, and reads its texts and values.
   * @param data a text with the record
   * @param from where the record begins
   * @param end where it ends
   * @returns whether it differs from the template only there
   */
  match(data: string, from = 0, end = data.length): boolean {
    // The engine remembers each step of a match, so a very long record is compared in the other way.
    if (this.pattern && end - from <= MAX_TEMPLATE_CHARS) {
      return this.pattern.match(data, from, end, this.texts);
    }
    if (!this.matchSpans(data, from, end)) return false;
    // Only a fast stream gains: its records come many at once. Many slow ones would compete for the processor's caches.
    const followsOther = from > this.source.length;
    if (followsOther && ++this.matches === PATTERN_MATCHES)
      this.pattern = RecordPattern.create(this.spans, this.after);
    return true;
  }

  private matchSpans(data: string, from: number, end: number): boolean {
    const { spans } = this;
    let at = from;
    for (let index = 0; index < spans.length; index++) {
      const { before, slot, form } = spans[index]!;
      const start = at + before.length;
      // Slices are compared as memory; `startsWith` compares character by character and is 5 times slower.
      if (data.slice(at, start) !== before) return false;
      if (form === "string") at = this.readString(data, start, slot);
      else if (form === "number") at = findNumberEnd(data, start);
      else at = this.readValue(data, start, end, slot, form, spans[index + 1]);
      if (at === -1) return false;
    }
    return data.slice(at, end) === this.after;
  }

  /** @returns where the string ends; -1 if there is none that fits here */
  private readString(data: string, start: number, slot: number): number {
    const shortEnd = findShortEnd(data, start);
    if (shortEnd !== -1 && slot === -1) return shortEnd;
    const end = shortEnd === -1 ? findLiteralEnd(data, start) : shortEnd;
    if (end === -1) return -1;
    const literal = data.slice(start, end);
    const isPlain = shortEnd !== -1 || !NEEDS_PARSING.test(literal);
    if (slot === -1) return isPlain ? end : -1;
    // A literal with escapes is valid only if it parses as one string.
    const text = isPlain ? literal : parseLiteral(data, start, end);
    if (text === undefined || text === "") return -1;
    this.texts[slot] = text;
    return end;
  }

  /** @returns where the value ends; -1 if there is none that fits here */
  private readValue(
    data: string,
    start: number,
    recordEnd: number,
    slot: number,
    form: "list" | "object",
    next: VaryingSpan | undefined,
  ): number {
    const end = next ? data.indexOf(next.before, start) : recordEnd - this.after.length;
    if (end <= start) return -1;
    const source = data.slice(start, end);
    const value = tryParseJson(source);
    if (typeof value !== "object" || value === null || Array.isArray(value) !== (form === "list")) return -1;
    if (Array.isArray(value) && value.length === 0) return -1;
    if (mayNestDeeper(source, this.depth) && !isWithinDepth(value, this.depth)) return -1;
    this.values[slot] = value;
    return end;
  }
}

/** A place whose value varies. */
interface VaryingPlace extends Pick<Place, "start" | "end"> {
  slot: number;
  form: VaryingSpan["form"];
}

/** Finds the places that vary, in their order. @returns undefined if a text or value is not where it should be */
function findSpans(
  data: string,
  places: ReadonlyMap<string, Place>,
  texts: readonly string[],
  values: readonly string[],
  varying: readonly string[],
): VaryingPlace[] | undefined {
  const found: VaryingPlace[] = [];
  for (const [slot, pointer] of texts.entries()) {
    const place = places.get(pointer);
    if (place?.kind !== "string") return undefined;
    found.push({ ...place, slot, form: "string" });
  }
  for (const [slot, pointer] of values.entries()) {
    const place = places.get(pointer);
    if (place?.kind !== "container") return undefined;
    found.push({ ...place, slot, form: data[place.start] === "[" ? "list" : "object" });
  }
  for (const pointer of varying) {
    const place = places.get(pointer);
    if (place?.kind === "string" || place?.kind === "number") {
      found.push({ ...place, slot: -1, form: place.kind });
    }
  }
  return texts.length > 0 ? found.sort((one, other) => one.start - other.start) : undefined;
}

/** @returns where the JSON number that begins at `start` ends; -1 if there is none */
function findNumberEnd(data: string, start: number): number {
  let end = start;
  while (isDigit(data.charCodeAt(end))) end++;
  const isWhole = end > start && (end === start + 1 || data.charCodeAt(start) !== 48);
  if (isWhole && !isFraction(data.charCodeAt(end))) return end;
  NUMBER_CHARS.lastIndex = start;
  const literal = NUMBER_CHARS.exec(data)?.[0] ?? "";
  return NUMBER.test(literal) ? start + literal.length : -1;
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

/** Whether a character after digits continues their number: a point, `E` or `e`. */
function isFraction(code: number): boolean {
  return code === 46 || code === 69 || code === 101;
}
