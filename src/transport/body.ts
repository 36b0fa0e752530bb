import { Failure } from "../core/failure.js";
import { isObject, tryParseJson } from "../core/json/parse.js";
import type { Limits } from "../core/limits.js";
import type { Framing } from "./framing.js";
import { JsonArrayReader } from "./json-array.js";
import { NdjsonReader } from "./ndjson.js";
import type { RecordListener, RecordReader } from "./record-reader.js";
import { SseReader } from "./sse.js";

export interface BodyListener extends RecordListener {
  /** A body that is no stream of records: a whole completion, or what a request wanted in one piece. */
  onBody(text: string): void;
}

/**
 * The reader for a response's body.
 * @param start the beginning of the body, not empty
 * @param whole the body is wanted in one piece, be it a list
 */
export function createBodyReader(
  framing: Framing,
  start: string,
  listener: BodyListener,
  limits: Readonly<Limits>,
  whole = false,
): RecordReader {
  // Nearly all streams: no look at what comes but this one.
  if (framing === "sse" && start[0] !== "{") return new SseReader(listener, limits.record);
  return new BodyReader(listener, limits, framing, whole && (framing === "json" || framing === "sniff"));
}

/** How a stream of events begins, and JSON never does. */
const EVENT_STARTS = ["data:", "event:", "id:", "retry:", ":"];

/**
 * A body whose beginning tells how it is to be read, whatever its content type says: an array is read element by
 * element, a line that is an object with another behind it is the first of many (gateways forward Ollama's lines
 * under any type), a single object is a whole answer.
 */
class BodyReader implements RecordReader {
  private text = "";
  private reader: RecordReader | undefined;
  /** It begins with an object: its first line, or the object behind that line, tells more. */
  private startsWithObject = false;
  /** Where the first line ends. */
  private firstLineEnd = -1;

  constructor(
    private readonly listener: BodyListener,
    private readonly limits: Readonly<Limits>,
    private readonly framing: Framing,
    /** It is certain that the body is no stream. */
    private isWhole: boolean,
  ) {}

  feed(text: string): void {
    if (this.reader) {
      this.reader.feed(text);
      return;
    }
    const length = this.text.length;
    this.text += text;
    if (this.isWhole) this.checkLength();
    else if (this.startsWithObject) this.inspectFirstLine(text, length);
    else this.inspectStart();
  }

  end(): void {
    if (this.reader) this.reader.end();
    else this.listener.onBody(this.text);
  }

  private inspectStart(): void {
    const { framing, limits, listener } = this;
    this.text = this.text.trimStart();
    const first = this.text[0];
    if (first === undefined) return;
    if (first === "[") this.passTo(new JsonArrayReader(listener, limits.record));
    else if (first === "{" && framing === "ndjson") this.passTo(new NdjsonReader(listener, limits.record));
    else if (first === "{") {
      this.startsWithObject = true;
      this.inspectFirstLine(this.text, 0);
    } else if (framing !== "json" || EVENT_STARTS.some((start) => this.text.startsWith(start))) {
      this.passTo(new SseReader(listener, limits.record));
    } else if (!EVENT_STARTS.some((start) => start.startsWith(this.text))) this.keepWhole();
  }

  /** @param added what is new of the text, from `offset` on; what is old has been looked at */
  private inspectFirstLine(added: string, offset: number): void {
    const { framing, limits, listener } = this;
    let from = 0;
    if (this.firstLineEnd === -1) {
      from = added.indexOf("\n");
      if (from !== -1) this.firstLineEnd = offset + from;
    }
    const next = this.firstLineEnd === -1 ? undefined : added.slice(from).trimStart()[0];
    if (next === undefined) this.checkLength();
    else if (next === "{" && isObject(tryParseJson(this.text.slice(0, this.firstLineEnd)))) {
      this.passTo(new NdjsonReader(listener, limits.record));
    } else if (framing === "sse") this.passTo(new SseReader(listener, limits.record));
    else this.keepWhole();
  }

  private keepWhole(): void {
    this.isWhole = true;
    this.checkLength();
  }

  private checkLength(): void {
    if (this.text.length <= this.limits.completion) return;
    throw new Failure("limit", `The service's answer is longer than ${this.limits.completion} characters.`);
  }

  private passTo(reader: RecordReader): void {
    this.reader = reader;
    const { text } = this;
    this.text = "";
    reader.feed(text);
  }
}
