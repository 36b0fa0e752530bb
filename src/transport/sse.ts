import { createParser, type EventSourceParser, type ParseError } from "eventsource-parser";
import { type RecordListener, type RecordReader, recordTooLong } from "./record-reader.js";

/** How much of what is no event is kept, in case it was an error that came unframed. */
const STRAY_LIMIT = 4096;

/** Cuts text into server-sent events (WHATWG HTML, "Interpreting an event stream"). */
export class SseReader implements RecordReader {
  private readonly parser: EventSourceParser;
  private first = true;
  private last = false;
  private records = 0;
  /** Characters since the last event or comment. */
  private waiting = 0;
  private stray = "";

  /** @param longest characters that one event may have */
  constructor(
    private readonly listener: RecordListener,
    private readonly longest: number,
  ) {
    this.parser = createParser({
      maxBufferSize: longest,
      onEvent: (message) => {
        this.records++;
        this.waiting = -1;
        listener.onRecord(message.data, message.event, this.last);
      },
      // A sign of life, of which nothing is kept.
      onComment: () => {
        this.waiting = -1;
      },
      onError: (error) => this.onError(error),
    });
  }

  feed(text: string): void {
    if (this.first && text !== "") {
      this.first = false;
      this.parser.feed(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text);
    } else this.parser.feed(text);
    // The parser counts what the event will have; a thousand empty lines have nothing and still weigh.
    this.waiting = this.waiting === -1 ? 0 : this.waiting + text.length;
    if (this.waiting > this.longest) throw recordTooLong(this.longest);
  }

  /** What is not closed by a blank line is delivered as the last. */
  end(): void {
    this.last = true;
    // Two line feeds: one completes a line (or a CR LF that was cut in two), the other is the blank line.
    this.parser.feed("\n\n");
    if (this.records === 0 && this.stray !== "") this.listener.onRecord(this.stray, undefined, true);
  }

  private onError(error: ParseError): void {
    if (error.type === "max-buffer-size-exceeded") {
      throw recordTooLong(this.longest);
    }
    // Some servers write errors beside the grammar: as a field of its own, or with no field at all.
    if (error.field === "error" && error.value) this.listener.onRecord(error.value, "error", false);
    else if (error.line && this.stray.length < STRAY_LIMIT)
      this.stray += `${error.line.slice(0, STRAY_LIMIT)}\n`;
  }
}
