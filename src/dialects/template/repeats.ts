import { isObject, tryParseJson } from "../../core/json/parse.js";
import { listDifferences } from "./json-places.js";
import { MAX_TEMPLATE_CHARS, RecordTemplate } from "./record-template.js";
import type { Repeat } from "./repeat.js";

/** After this many templates in a row without a match, no more are learnt: the records differ too much. */
const MAX_MISSES = 16;

const NONE: readonly string[] = [];

/**
 * Reads the records of a stream that repeat the one before. Only the record just before can be the template, because many
 * fields have the value that came last.
 */
export class Repeats {
  private template: RecordTemplate | undefined;
  /** What is needed of the template's `Repeat`. Its places are not kept, because a stream may stay open for long. */
  private apply: Repeat["apply"] | undefined;
  private settleLatest: Repeat["settle"] | undefined;
  /** The latest record that was read in full. It becomes the template when the next one comes: its text goes first. */
  private candidate: { data: string; findRepeat: () => Repeat | undefined } | undefined;
  /** Places in `Repeat.ignored` and `Repeat.latest` that have varied so far. A template is faster without the others. */
  private varying = NONE;
  /** How many templates were made in a row without a match. */
  private misses = 0;
  /** Whether a place in `Repeat.latest` varies. */
  private mustSettle = false;
  /** The latest record that was applied, if what it has in `Repeat.latest` was not read. */
  private unsettled: string | undefined;

  /** @param depth how deeply the JSON of a record may nest */
  constructor(private readonly depth: number) {}

  /**
   * Reads a record, if it repeats the one before.
   * @param text a text with the record
   * @param start where the record begins
   * @param end where it ends
   * @returns whether it does. Nothing is read of a record that does not.
   * @throws Failure as reading the record would
   */
  read(text: string, start = 0, end = text.length): boolean {
    if (this.candidate) this.createTemplate(this.candidate);
    const { template } = this;
    if (!template?.match(text, start, end)) return false;
    this.misses = 0;
    if (this.mustSettle) this.unsettled = text.slice(start, end);
    this.apply!(template.texts, template.values);
    return true;
  }

  /**
   * Remembers a record that was read in full, in place of the one before.
   * @param findRepeat finds out how to read the records that repeat it; undefined if none can
   */
  learn(data: string, findRepeat: (() => Repeat | undefined) | undefined): void {
    const isCandidate = findRepeat && data.length <= MAX_TEMPLATE_CHARS;
    this.candidate = isCandidate ? { data, findRepeat } : undefined;
    if (!isCandidate) this.template = undefined;
  }

  /** Forgets the latest record, because another response begins. */
  forget(): void {
    this.candidate = undefined;
    this.template = undefined;
  }

  /**
   * Reads the latest values that repeats have left open. Call it before a record is read in full, and at the end.
   * @throws Failure
   */
  settle(): void {
    const { unsettled } = this;
    if (unsettled === undefined) return;
    this.unsettled = undefined;
    const record = tryParseJson(unsettled);
    if (isObject(record)) this.settleLatest?.(record);
  }

  private createTemplate({ data, findRepeat }: NonNullable<typeof this.candidate>): void {
    const before = this.template;
    this.candidate = undefined;
    this.template = undefined;
    if (this.misses >= MAX_MISSES) return;
    this.misses++;
    const repeat = findRepeat();
    if (!repeat) return;
    this.apply = repeat.apply;
    this.settleLatest = repeat.settle;
    const { ignored = NONE, latest = NONE } = repeat;
    const free = [...ignored, ...latest];
    const differences = before ? listDifferences(before.source, data) : NONE;
    const varying = [...this.varying, ...differences].filter((place) => isUnder(place, free));
    this.varying = [...new Set(varying)];
    this.mustSettle = this.varying.some((place) => isUnder(place, latest));
    this.template = RecordTemplate.create(data, repeat, this.varying, this.depth);
  }
}

/** Whether a place is one of these, or in one of them. */
function isUnder(place: string, places: readonly string[]): boolean {
  return places.some((name) => place === name || place.startsWith(`${name}/`));
}
