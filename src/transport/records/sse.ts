import { createParser, type EventSourceParser, type ParseError } from "eventsource-parser";
import { tryParseLooseJson } from "../../core/json/loose.js";
import { isObject } from "../../core/json/parse.js";
import { BracketCounter } from "./bracket-counter.js";
import { createRecordLimitFailure, type RecordListener, type RecordReader } from "./record-reader.js";

/** Characters that are kept of text outside of any event, because it may be an error. */
const MAX_STRAY_CHARS = 4096;

/** Data of an event on the line of a JSON object. */
const DATA_LINE = /^\s*data:\s?(.*)$/;

const LINE_FEED = 0x0a;
const SPACE = 0x20;

/** Beginnings of an event stream. JSON never begins like that. */
const EVENT_STARTS = ["data:", "event:", "id:", "retry:", ":"];

/**
 * Whether a text begins like an event stream.
 * @returns undefined if the text is too short to say
 */
export function beginsWithEvent(text: string): boolean | undefined {
  if (EVENT_STARTS.some((start) => text.startsWith(start))) return true;
  return EVENT_STARTS.some((start) => start.startsWith(text)) ? undefined : false;
}

/** Cuts text into server-sent events (HTML standard, “Interpreting an event stream”). */
export class SseReader implements RecordReader {
  private readonly parser: EventSourceParser;
  /** Whether no text has come yet. */
  private isAtStart = true;
  /** Whether the connection has ended. */
  private hasEnded = false;
  private recordCount = 0;
  /** Whether the parser holds no part of an event. */
  private isBetweenEvents = false;
  /** The name of the latest event. */
  private eventName: string | undefined;
  /** What comes before the data of an event with the name `eventName`, as most services write it. */
  private beforeData = "data:";
  /** Characters since the last event or comment; -1 if one came in the current text. */
  private openChars = 0;
  /** Text outside of any event. */
  private strayText = "";
  /** Follows the stray text if it begins like a JSON object. */
  private strayBrackets: BracketCounter | undefined;

  /** @param maxChars the longest event */
  constructor(
    private readonly listener: RecordListener,
    private readonly maxChars: number,
  ) {
    this.parser = createParser({
      maxBufferSize: maxChars,
      onEvent: (message) => {
        this.recordCount++;
        this.openChars = -1;
        if (message.event !== this.eventName) this.rememberName(message.event);
        listener.onRecord(message.data, message.event, this.hasEnded);
      },
      // A comment is only a sign of life.
      onComment: () => {
        this.openChars = -1;
      },
      onError: (error) => this.handleError(error),
    });
  }

  feed(text: string): void {
    let from = 0;
    if (this.isAtStart && text !== "") {
      this.isAtStart = false;
      if (text.charCodeAt(0) === 0xfeff) from = 1;
    } else if (this.recordCount > 0) from = this.deliverRepeats(text);
    if (from < text.length) this.parse(text.slice(from));
  }

  private parse(text: string): void {
    this.parser.feed(text);
    this.isBetweenEvents = text.endsWith("\n\n");
    // The parser limits the data of an event, but not empty fields without end.
    this.openChars = this.openChars === -1 ? 0 : this.openChars + text.length;
    if (this.openChars > this.maxChars) throw createRecordLimitFailure(this.maxChars);
  }

  private rememberName(event: string | undefined): void {
    this.eventName = event;
    this.beforeData = event === undefined ? "data:" : `event: ${event}\ndata:`;
  }

  /** Delivers the events that repeat the one before, and so need no parser. @returns where the rest begins */
  private deliverRepeats(text: string): number {
    if (!this.listener.onRepeat || text.includes("\r")) return 0;
    let from = 0;
    if (!this.isBetweenEvents) {
      from = text.indexOf("\n\n") + 2;
      if (from === 1) return 0;
      this.parse(text.slice(0, from));
    }
    // An event with this name is always read in full.
    if (this.eventName === "error") return from;
    for (let next = this.deliverRepeat(text, from); next !== -1; next = this.deliverRepeat(text, next))
      from = next;
    return from;
  }

  /** Delivers the event that begins at `start`, if it repeats the one before. @returns where it ends; -1 if it does not */
  private deliverRepeat(text: string, start: number): number {
    let from = start + this.beforeData.length;
    if (text.slice(start, from) !== this.beforeData) return -1;
    if (text.charCodeAt(from) === SPACE) from++;
    const end = text.indexOf("\n", from);
    if (end === -1 || text.charCodeAt(end + 1) !== LINE_FEED) return -1;
    if (!this.listener.onRepeat!(text, from, end)) return -1;
    this.recordCount++;
    this.openChars = 0;
    return end + 2;
  }

  /** Says that the connection has ended. An event without its blank line is delivered, marked as cut. */
  end(): void {
    this.hasEnded = true;
    // The first line feed completes a line, or a CR LF that was cut in two. The second is the blank line.
    this.parser.feed("\n\n");
    if (this.recordCount === 0 && this.strayText !== "")
      this.listener.onRecord(this.strayText, undefined, true);
  }

  private handleError(error: ParseError): void {
    if (error.type === "max-buffer-size-exceeded") {
      throw createRecordLimitFailure(this.maxChars);
    }
    // Some servers send errors outside of the grammar: in a field “error”, or in no field at all.
    if (error.field === "error" && error.value) this.listener.onRecord(error.value, "error", false);
    else if (error.line && this.recordCount === 0) this.addStrayLine(error.line);
  }

  /** Keeps a line outside of any event. A JSON object, which may have several lines, is a record. */
  private addStrayLine(line: string): void {
    if (this.strayText === "" && line.trimStart().startsWith("{")) this.strayBrackets = new BracketCounter();
    const end = this.strayBrackets?.findEnd(line) ?? -1;
    if (end !== -1) {
      const json = this.strayText + line.slice(0, end);
      this.strayBrackets = undefined;
      this.strayText = "";
      if (!isObject(tryParseLooseJson(json))) return;
      this.recordCount++;
      this.listener.onRecord(json, undefined, this.hasEnded);
      const next = DATA_LINE.exec(line.slice(end));
      if (next) this.listener.onRecord(next[1]!, undefined, this.hasEnded);
    } else if (this.strayBrackets || this.strayText.length < MAX_STRAY_CHARS) {
      this.strayText += `${this.strayBrackets ? line : line.slice(0, MAX_STRAY_CHARS)}\n`;
    }
  }
}
