import { isObject, tryParseJson } from "../../core/json/parse.js";
import type { ReadRecords } from "../chat-types.js";

/** The longest log. A longer answer is read again from its beginning, which costs no memory here. */
const MAX_LOG_CHARS = 1024 * 1024;

/** How much a log grows before its records are joined. */
const JOIN_EVERY_CHARS = 128 * 1024;

/** The records of an answer so far, with as few of them as possible: deltas of one text become one. */
export class RecordLog {
  private records: string[] = [];
  private chars = 0;
  private joinAt = JOIN_EVERY_CHARS;
  private isComplete = true;

  /** @param start what an earlier run has read */
  constructor(start?: ReadRecords) {
    for (const record of start?.records ?? []) this.add(record);
  }

  /** Adds a record. Anything but a JSON object, such as an end marker, is left out. */
  add(data: string): void {
    if (!this.isComplete || !data.trimStart().startsWith("{")) return;
    this.records.push(data);
    this.chars += data.length;
    if (this.chars > this.joinAt) this.join();
  }

  /** @param latest number of the latest record @returns undefined if there is too much of it */
  read(latest: number): ReadRecords | undefined {
    this.join();
    return this.isComplete ? { records: [...this.records], latest } : undefined;
  }

  private join(): void {
    this.records = joinDeltas(this.records);
    this.chars = this.records.reduce((sum, { length }) => sum + length, 0);
    this.joinAt = this.chars + JOIN_EVERY_CHARS;
    if (this.chars <= MAX_LOG_CHARS) return;
    this.isComplete = false;
    this.records = [];
  }
}

/** Joins neighbouring records that add to the same text. Records with token probabilities stay as they are. */
function joinDeltas(records: readonly string[]): string[] {
  const joined: string[] = [];
  let open: { place: string; fields: object; deltas: string[] } | undefined;
  const close = () => {
    if (open) joined.push(JSON.stringify({ ...open.fields, delta: open.deltas.join("") }));
    open = undefined;
  };
  for (const data of records) {
    const record = tryParseJson(data);
    const { delta, obfuscation: _padding, ...fields } = isObject(record) ? record : {};
    if (typeof delta !== "string" || hasEntries(fields["logprobs"])) {
      close();
      joined.push(data);
      continue;
    }
    const place = JSON.stringify({ ...fields, sequence_number: 0 });
    if (open?.place !== place) close();
    open ??= { place, fields, deltas: [] };
    open.deltas.push(delta);
  }
  close();
  return joined;
}

function hasEntries(list: unknown): boolean {
  return Array.isArray(list) && list.length > 0;
}
