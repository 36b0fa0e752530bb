import { createRecordLimitFailure, type RecordListener, type RecordReader } from "./record-reader.js";

/** A line of server-sent events, which a gateway may add to lines of JSON. JSON never begins like that. */
const EVENT_LINE = /^(data|event|id|retry)?:\s*/;

/** Cuts text into lines, each a record (jsonlines.org, as Ollama streams). Blank lines are skipped. */
export class NdjsonReader implements RecordReader {
  /** The beginning of a line whose end has not come. */
  private openLine = "";

  /** @param maxChars the longest line */
  constructor(
    private readonly listener: RecordListener,
    private readonly maxChars: number,
  ) {}

  feed(text: string): void {
    let from = 0;
    for (let end = text.indexOf("\n"); end !== -1; end = text.indexOf("\n", from)) {
      if (this.openLine !== "" || !this.deliverRepeat(text, from, end)) {
        const line = this.openLine + text.slice(from, end);
        this.openLine = "";
        this.deliver(line, false);
      }
      from = end + 1;
    }
    this.openLine += text.slice(from);
    if (this.openLine.length > this.maxChars) throw createRecordLimitFailure(this.maxChars);
  }

  end(): void {
    const line = this.openLine;
    this.openLine = "";
    this.deliver(line, true);
  }

  private deliverRepeat(text: string, start: number, end: number): boolean {
    return end - start <= this.maxChars && this.listener.onRepeat?.(text, start, end) === true;
  }

  private deliver(line: string, isCut: boolean): void {
    if (line.length > this.maxChars) throw createRecordLimitFailure(this.maxChars);
    // This also removes a carriage return and a byte order mark.
    let record = line.trim();
    const field = record[0] === "{" ? null : EVENT_LINE.exec(record);
    // Only the data of an event is a record.
    if (field) record = field[1] === "data" ? record.slice(field[0].length) : "";
    if (record !== "") this.listener.onRecord(record, undefined, isCut);
  }
}
