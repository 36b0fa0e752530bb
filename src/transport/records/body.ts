import { Failure } from "../../core/failure.js";
import { tryParseLooseJson } from "../../core/json/loose.js";
import { isObject } from "../../core/json/parse.js";
import type { Limits } from "../../core/limits.js";
import { BracketCounter } from "./bracket-counter.js";
import { createContentTypeFailure, type Framing } from "./framing.js";
import { JsonArrayReader } from "./json-array.js";
import { NdjsonReader } from "./ndjson.js";
import type { RecordListener, RecordReader } from "./record-reader.js";
import { beginsWithEvent, SseReader } from "./sse.js";

/** Receives the body of a response: either its records or all of it at once. */
export interface BodyListener extends RecordListener {
  /** The whole body, if it is not a stream of records. */
  onBody(text: string): void;
}

/** What is known of a body before it comes. */
export interface BodyForm {
  framing: Framing;
  /** For the error if the body is as the type says, and no answer; default "". */
  contentType?: string;
  /** Whether to deliver JSON as one body, arrays included; default false. */
  whole?: boolean;
}

/**
 * Creates the reader for the body of a response.
 * @param start the beginning of the body, not empty
 */
export function createBodyReader(
  start: string,
  form: BodyForm,
  listener: BodyListener,
  limits: Readonly<Limits>,
): RecordReader {
  // The hot path: nearly every stream needs no further inspection.
  if (form.framing === "sse" && /^[dei:r]/.test(start)) return new SseReader(listener, limits.record);
  return new BodyReader(listener, limits, form);
}

/** A line break, and an event behind it. A JSON object never has one, as its strings have no line breaks. */
const EVENT_IN_OBJECT = /[\r\n](data|event):/;

/**
 * Reads a body by its beginning, because content types are not reliable (gateways forward Ollama's lines under any type).
 * An array is read element by element. An object is a whole answer if nothing follows it, else the first of the records.
 */
class BodyReader implements RecordReader {
  /** What has come while the form of the body is unknown, or the whole body. */
  private text = "";
  private reader: RecordReader | undefined;
  /** Finds the end of the object that the body begins with; undefined if it does not begin with one. */
  private brackets: BracketCounter | undefined;
  /** Place behind the object; -1 until it has come. */
  private objectEnd = -1;
  /** The end of the text so far, in which an event may begin. */
  private tail = "";
  /** Whether the body may be lines of JSON, and the first one has not ended. */
  private awaitsLineEnd = false;
  /** Whether it is certain that the body is not a stream. */
  private isWhole = false;

  constructor(
    private readonly listener: BodyListener,
    private readonly limits: Readonly<Limits>,
    private readonly form: BodyForm,
  ) {}

  feed(text: string): void {
    if (this.reader) {
      this.reader.feed(text);
      return;
    }
    const length = this.text.length;
    this.text += text;
    if (this.isWhole) this.checkLength();
    else if (this.brackets) this.inspectObject(text, length);
    else if (this.awaitsLineEnd) this.inspectFirstLine(text);
    else this.inspectStart();
  }

  end(): void {
    // A single line that has no line end.
    if (this.awaitsLineEnd) this.readLines();
    if (this.reader) this.reader.end();
    else if (this.form.framing === "doubtful" && !this.isJson) throw this.createTypeFailure();
    else this.listener.onBody(this.text);
  }

  /** Whether the body begins like JSON. */
  private get isJson(): boolean {
    return this.text[0] === "{" || this.text[0] === "[";
  }

  /** Decides by the first characters how to read the body. */
  private inspectStart(): void {
    const { framing, whole } = this.form;
    const { limits, listener } = this;
    const text = this.text;
    this.text = text.trimStart();
    if (this.text === "") {
      // An event stream may begin with one byte order mark, and a second one spoils its first line.
      this.text = text.replace(/[^\uFEFF]/g, "").slice(0, 2);
      return;
    }
    const isEvent = beginsWithEvent(this.text);
    if (framing === "doubtful" && !this.isJson && isEvent === false) throw this.createTypeFailure();
    if (whole && framing !== "sse" && framing !== "ndjson") this.keepWhole();
    else if (this.text[0] === "[") this.passTo(new JsonArrayReader(listener, limits.record));
    else if (this.text[0] === "{") {
      if (framing === "ndjson") this.inspectFirstLine(this.text);
      else this.beginObject();
    } else if (isEvent || framing === "sse" || framing === "ndjson") {
      this.readEvents(framing === "sse" ? text : this.text);
    } else if (isEvent === false) this.keepWhole();
  }

  /** Decides by the first line whether a body that should be lines has lines. */
  private inspectFirstLine(added: string): void {
    this.awaitsLineEnd = !added.includes("\n");
    if (this.awaitsLineEnd) this.checkLength();
    else if (isObject(tryParseLooseJson(this.text.slice(0, this.text.indexOf("\n"))))) this.readLines();
    else this.beginObject();
  }

  private beginObject(): void {
    this.brackets = new BracketCounter();
    this.inspectObject(this.text, 0);
  }

  /**
   * Decides how to read a body that begins with an object.
   * @param added the new part of the text, which begins at `offset`; the rest was inspected before
   */
  private inspectObject(added: string, offset: number): void {
    let from = 0;
    if (this.objectEnd === -1) {
      from = this.brackets!.findEnd(added);
      if (from === -1) {
        this.checkLength();
        // It is no JSON, but a line before the events.
        const recent = this.tail + added;
        if (EVENT_IN_OBJECT.test(recent)) this.readEvents(this.text);
        this.tail = recent.slice(-6);
        return;
      }
      this.objectEnd = offset + from;
    }
    const next = added.slice(from).trimStart()[0];
    if (next === undefined) this.checkLength();
    else this.readRecords(next);
  }

  /** Reads the object and what follows it as records. @param next the first character that follows */
  private readRecords(next: string): void {
    const { limits, listener, objectEnd, text } = this;
    const first = text.slice(0, objectEnd);
    const rest = text.slice(objectEnd);
    if (!isObject(tryParseLooseJson(first))) {
      if (this.form.framing === "sse") this.readEvents(text);
      else this.keepWhole();
      return;
    }
    listener.onRecord(first, undefined, false);
    const isLine = !first.includes("\n") && /^\s*\n/.test(rest);
    this.text = rest.trimStart();
    // A bracket begins the end marker, which is a line.
    if ((next === "{" && isLine) || next === "[") this.readLines();
    else if (next === "{" || next === ",") this.passTo(new JsonArrayReader(listener, limits.record));
    else this.readEvents(this.text);
  }

  private readEvents(text: string): void {
    this.text = text;
    this.passTo(new SseReader(this.listener, this.limits.record));
  }

  private readLines(): void {
    this.passTo(new NdjsonReader(this.listener, this.limits.record));
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

  private createTypeFailure(): Failure {
    return createContentTypeFailure(this.form.contentType ?? "");
  }

  private passTo(reader: RecordReader): void {
    this.reader = reader;
    const { text } = this;
    this.text = "";
    reader.feed(text);
  }
}
