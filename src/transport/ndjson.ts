import { type RecordListener, type RecordReader, recordTooLong } from "./record-reader.js";

/** Cuts text into lines, each a record (ndjson.org, jsonlines.org; Ollama streams so). Blank lines are none. */
export class NdjsonReader implements RecordReader {
  /** What has come of a line whose end has not. */
  private open = "";

  /** @param longest characters that one line may have */
  constructor(
    private readonly listener: RecordListener,
    private readonly longest: number,
  ) {}

  feed(text: string): void {
    let from = 0;
    for (let end = text.indexOf("\n"); end !== -1; end = text.indexOf("\n", from)) {
      const line = this.open + text.slice(from, end);
      this.open = "";
      from = end + 1;
      this.deliver(line, false);
    }
    this.open += text.slice(from);
    if (this.open.length > this.longest) throw recordTooLong(this.longest);
  }

  end(): void {
    const line = this.open;
    this.open = "";
    this.deliver(line, true);
  }

  private deliver(line: string, last: boolean): void {
    if (line.length > this.longest) throw recordTooLong(this.longest);
    // Takes the carriage return away as well, and a byte order mark.
    const record = line.trim();
    if (record !== "") this.listener.onRecord(record, undefined, last);
  }
}
