import { isObject, tryParseJson } from "../../core/json/parse.js";
import { RecordTemplate } from "./record-template.js";
import type { Repeat } from "./repeat.js";

/** After this many templates in a row without a match, no more are learnt: the records differ too much. */
const MAX_MISSES = 16;

/**
 * Reads the records of a stream that repeat the one before. Only the record just before is a template, because of many
 * fields the latest value counts.
 */
export class Repeats {
  private template: RecordTemplate | undefined;
  private repeat: Repeat | undefined;
  /** Templates that were looked for since the last match. */
  private misses = 0;
  /** The latest record that was applied and has values of which the latest count. */
  private unsettled: string | undefined;

  /** @param depth how deeply the JSON of a record may nest */
  constructor(private readonly depth: number) {}

  /**
   * Reads a record, if it repeats the one before.
   * @returns false for any other record, of which nothing was read
   * @throws Failure as reading the record would
   */
  read(data: string): boolean {
    const { template, repeat } = this;
    if (!template?.match(data)) return false;
    this.misses = 0;
    if (repeat!.settle) this.unsettled = data;
    repeat!.apply(template.texts, template.values);
    return true;
  }

  /**
   * Remembers a record that was read in full, in place of the one before.
   * @param findRepeat finds out how to read the records that repeat it; undefined if none can
   */
  learn(data: string, findRepeat: (() => Repeat | undefined) | undefined): void {
    this.template = undefined;
    if (!findRepeat || this.misses >= MAX_MISSES) return;
    this.misses++;
    this.repeat = findRepeat();
    if (this.repeat) this.template = RecordTemplate.create(data, this.repeat, this.depth);
  }

  /** Reads what only the last record needs. Call it before a record is read in full, and at the end. @throws Failure */
  settle(): void {
    const { unsettled, repeat } = this;
    if (unsettled === undefined) return;
    this.unsettled = undefined;
    const record = tryParseJson(unsettled);
    if (isObject(record)) repeat?.settle?.(record);
  }
}
