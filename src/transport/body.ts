import { Failure } from "../core/failure.js";
import { isObject, tryParseJson } from "../core/json/parse.js";
import type { Limits } from "../core/limits.js";
import type { Framing } from "./framing.js";
import { JsonArrayReader } from "./json-array.js";
import { NdjsonReader } from "./ndjson.js";
import type { RecordListener, RecordReader } from "./record-reader.js";
import { SseReader } from "./sse.js";

/** Receives the body of a response: either its records or all of it at once. */
export interface BodyListener extends RecordListener {
  /** The whole body, if it is not a stream of records. */
  onBody(text: string): void;
}

/**
 * Creates the reader for the body of a response.
 * @param start the beginning of the body, not empty
 * @param whole whether to deliver JSON as one body, arrays included; default false
 */
export function createBodyReader(
  framing: Framing,
  start: string,
  listener: BodyListener,
  limits: Readonly<Limits>,
  whole = false,
): RecordReader {
  // The hot path: nearly every stream needs no further inspection.
  if (framing === "sse" && start[0] !== "{") return new SseReader(listener, limits.record);
  return new BodyReader(listener, limits, framing, whole && (framing === "json" || framing === "sniff"));
}

/** Beginnings of an event stream. JSON never begins like that. */
const EVENT_STARTS = ["data:", "event:", "id:", "retry:", ":"];

/**
 * Reads a body by its beginning, because content types are not reliable (gateways forward Ollama's lines under any type).
 * An array is read element by element. A line with an object, followed by another object, is the first of many lines. A
 * single object is a whole answer.
 */
class BodyReader implements RecordReader {
  /** What has come while the form of the body is unknown, or the whole body. */
  private text = "";
  private reader: RecordReader | undefined;
  /** Whether the body begins with an object. The text after its first line then shows what it is. */
  private startsWithObject = false;
  /** Place of the first line feed; -1 until it has come. */
  private firstLineEnd = -1;

  constructor(
    private readonly listener: BodyListener,
    private readonly limits: Readonly<Limits>,
    private readonly framing: Framing,
    /** Whether it is certain that the body is not a stream. */
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

  /** Decides by the first character how to read the body. */
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

  /**
   * Decides how to read a body that begins with an object.
   * @param added the new part of the text, which begins at `offset`; the rest was inspected before
   */
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
    throw new Failure(
      "limit",
      `The answer is longer than ${this.limits.completion} characters. Lower the maximum of tokens in the request.`,
    );
  }

  private passTo(reader: RecordReader): void {
    this.reader = reader;
    const { text } = this;
    this.text = "";
    reader.feed(text);
  }
}
