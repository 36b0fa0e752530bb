import { createRecordLimitFailure, type RecordListener, type RecordReader } from "./record-reader.js";

/** Cuts text into lines, each a record (ndjson.org, jsonlines.org; Ollama streams so). Blank lines are none. */
export class NdjsonReader implements RecordReader {
  /** What has come of a line whose end has not. */
  private openLine = "";

  /** @param maxChars characters that one line may have */
  constructor(
    private readonly listener: RecordListener,
    private readonly maxChars: number,
  ) {}

  feed(text: string): void {
    let from = 0;
    for (let end = text.indexOf("\n"); end !== -1; end = text.indexOf("\n", from)) {
      const line = this.openLine + text.slice(from, end);
      this.openLine = "";
      from = end + 1;
      this.deliver(line, false);
    }
    this.openLine += text.slice(from);
    if (this.openLine.length > this.maxChars) throw createRecordLimitFailure(this.maxChars);
  }

  end(): void {
    const line = this.openLine;
    this.openLine = "";
    this.deliver(line, true);
  }

  private deliver(line: string, last: boolean): void {
    if (line.length > this.maxChars) throw createRecordLimitFailure(this.maxChars);
    // Takes the carriage return away as well, and a byte order mark.
    const record = line.trim();
    if (record !== "") this.listener.onRecord(record, undefined, last);
  }
}
