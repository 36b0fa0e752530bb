import { createParser, type EventSourceParser, type ParseError } from "eventsource-parser";
import { createRecordLimitFailure, type RecordListener, type RecordReader } from "./record-reader.js";

/** How much of what is no event is kept, in case it was an error that came unframed. */
const MAX_STRAY_CHARS = 4096;

/** Cuts text into server-sent events (WHATWG HTML, "Interpreting an event stream"). */
export class SseReader implements RecordReader {
  private readonly parser: EventSourceParser;
  private isFirst = true;
  private isLast = false;
  private recordCount = 0;
  /** Characters since the last event or comment. */
  private openChars = 0;
  private strayText = "";

  /** @param maxChars characters that one event may have */
  constructor(
    private readonly listener: RecordListener,
    private readonly maxChars: number,
  ) {
    this.parser = createParser({
      maxBufferSize: maxChars,
      onEvent: (message) => {
        this.recordCount++;
        this.openChars = -1;
        listener.onRecord(message.data, message.event, this.isLast);
      },
      // A sign of life, of which nothing is kept.
      onComment: () => {
        this.openChars = -1;
      },
      onError: (error) => this.onError(error),
    });
  }

  feed(text: string): void {
    if (this.isFirst && text !== "") {
      this.isFirst = false;
      this.parser.feed(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text);
    } else this.parser.feed(text);
    // The parser counts what the event will have; a thousand empty lines have nothing and still weigh.
    this.openChars = this.openChars === -1 ? 0 : this.openChars + text.length;
    if (this.openChars > this.maxChars) throw createRecordLimitFailure(this.maxChars);
  }

  /** What is not closed by a blank line is delivered as the last. */
  end(): void {
    this.isLast = true;
    // Two line feeds: one completes a line (or a CR LF that was cut in two), the other is the blank line.
    this.parser.feed("\n\n");
    if (this.recordCount === 0 && this.strayText !== "")
      this.listener.onRecord(this.strayText, undefined, true);
  }

  private onError(error: ParseError): void {
    if (error.type === "max-buffer-size-exceeded") {
      throw createRecordLimitFailure(this.maxChars);
    }
    // Some servers write errors beside the grammar: as a field of its own, or with no field at all.
    if (error.field === "error" && error.value) this.listener.onRecord(error.value, "error", false);
    else if (error.line && this.strayText.length < MAX_STRAY_CHARS)
      this.strayText += `${error.line.slice(0, MAX_STRAY_CHARS)}\n`;
  }
}
