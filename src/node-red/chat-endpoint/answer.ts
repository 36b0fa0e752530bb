import { readChunk } from "../../core/chat/chunk-guard.js";
import type { Clock } from "../../core/clock.js";
import type { Failure, FailureData } from "../../core/failure.js";
import type { AnswerEnd, AnswerName } from "../../serving/form.js";
import { OrderedStream } from "../messages/ordered-stream.js";
import { hasPlace, isLastMessage, readPayloadText, type StreamMessage } from "../messages/stream-message.js";
import type { Message } from "../red/api.js";
import { AnswerLog, type LogEntry } from "./answer-log.js";
import { ToolNotes } from "./tool-notes.js";
import { createFailureData, isCaught, readEnd, readWholeAnswer } from "./whole-message.js";

/** Bytes of an answer, as they are in memory, that are kept for readers who are behind. */
const MAX_LOG_BYTES = 4 * 1024 * 1024;

/** Somebody who reads an answer. */
export interface AnswerReader {
  /** There is more to read, or the answer has ended. */
  wake(): void;
  /** The answer begins again: everything so far is void. */
  restart(): void;
}

/** The chat-out that gives an answer its messages. */
export interface AnswerSource {
  /** The last reader has left. @param message a message of the stream */
  stop(message: Message): void;
}

/** What becomes of a message: `taken`, or dropped because the answer has ended or is another stream's. */
export type Reception = "taken" | "late" | "foreign";

export interface AnswerOptions {
  name: AnswerName;
  /** Tells clients apart: only the one that asked may read. */
  owner: string;
  clock: Clock;
  /** Called once, when nothing follows any more. */
  onEnd(answer: Answer): void;
  /** Called when the last reader leaves before the end. */
  onDeserted(answer: Answer): void;
}

/** Name of the source of an answer that comes as one message. */
const WHOLE = "";

/** Names what a message comes from: its stream, or a flow that answers with one message. */
function readSourceId(message: Message): string {
  return hasPlace(message) ? message.parts.id : WHOLE;
}

/**
 * Whether a message that comes after an answer's own end is another answer, and not a late message of it.
 * @param finished `finishedSourceId` of the answer
 */
export function isSecondAnswer(message: Message, finished: string): boolean {
  if (isCaught(message) || message["toolCall"] !== undefined) return false;
  return finished === WHOLE || readSourceId(message) !== finished;
}

/** One answer on its way from a flow to its readers. It ends exactly once. */
export class Answer {
  readonly log = new AnswerLog();
  readonly name: AnswerName;
  readonly owner: string;
  /** When the flow last gave a sign of life, in milliseconds of the clock. */
  touchedAt: number;
  private readonly readers = new Set<AnswerReader>();
  private stream: OrderedStream | undefined;
  /** Id of the stream that is this answer; the first one that comes. */
  private sourceId: string | undefined;
  private source: AnswerSource | undefined;
  private newest: Message | undefined;
  private ending: AnswerEnd | undefined;
  private readonly toolNotes = new ToolNotes();
  /** When the last reader left, in milliseconds of the clock; undefined while somebody reads. */
  desertedAt: number | undefined;

  constructor(private readonly options: AnswerOptions) {
    this.name = options.name;
    this.owner = options.owner;
    this.touchedAt = options.clock.now();
  }

  /** How the answer ended; undefined while it runs. */
  get end(): AnswerEnd | undefined {
    return this.ending;
  }

  /** Whether a chat-out has given this answer anything. */
  get hasSource(): boolean {
    return this.source !== undefined;
  }

  /** What the answer came from, as `readSourceId` names it; undefined if it has not come to its own end. */
  get finishedSourceId(): string | undefined {
    return this.ending?.failure ? undefined : this.sourceId;
  }

  get readerCount(): number {
    return this.readers.size;
  }

  addReader(reader: AnswerReader): void {
    this.readers.add(reader);
    this.desertedAt = undefined;
    reader.wake();
  }

  /** A reader has everything, or has left. */
  removeReader(reader: AnswerReader): void {
    if (!this.readers.delete(reader) || this.readers.size > 0 || this.ending) return;
    this.desertedAt = this.options.clock.now();
    this.options.onDeserted(this);
  }

  /** Drops the oldest messages if more than `maxBytes` are in memory. Readers who have not got them are cut off. */
  shrink(maxBytes: number): void {
    if (this.log.size <= maxBytes) return;
    this.log.trim(maxBytes);
    for (const reader of [...this.readers]) reader.wake();
  }

  /** Whether a chat-out gives this answer its messages. */
  comesFrom(source: AnswerSource): boolean {
    return this.source === source;
  }

  /** Takes a message of the flow: of a stream, or a whole answer. */
  receive(message: Message, source: AnswerSource): Reception {
    if (this.ending) return "late";
    const notes = this.toolNotes.read(message);
    if (notes) {
      this.touchedAt = this.options.clock.now();
      for (const tool of notes) this.add({ tool });
      this.wakeReaders();
      return "taken";
    }
    const id = readSourceId(message);
    if (this.sourceId !== undefined && this.sourceId !== id && !isCaught(message)) return "foreign";
    this.touchedAt = this.options.clock.now();
    this.source = source;
    this.newest = message;
    if (isCaught(message)) this.finish(readEnd(message));
    else if (hasPlace(message)) this.receivePart(message);
    else this.receiveWhole(message);
    return "taken";
  }

  /** Ends the answer as failed, for a reason that its stream knows nothing of. */
  fail(code: FailureData["code"], text: string): void {
    this.finish({ finishReason: "error", usage: null, failure: createFailureData(code, text) });
  }

  /** Tells the flow that nobody reads any more. */
  stopSource(): void {
    if (this.source && this.newest) this.source.stop(this.newest);
  }

  private receivePart(message: StreamMessage): void {
    this.sourceId = message.parts.id;
    this.stream ??= new OrderedStream(
      this.options.clock,
      {
        onMessage: (next) => this.take(next),
        onRestart: () => this.restart(),
        onGap: (failure) => this.failWith(failure),
      },
      message,
    );
    this.stream.add(message);
  }

  private receiveWhole(message: Message): void {
    this.sourceId = WHOLE;
    this.add(readWholeAnswer(message));
    this.finish(readEnd(message));
  }

  /** Takes the next message of the stream in order. */
  private take(message: StreamMessage): void {
    const text = readPayloadText(message);
    const chunk = readChunk(message.chunk);
    if (chunk) this.add({ chunk, text });
    else if (text !== "") this.add(text);
    if (isLastMessage(message)) this.finish(readEnd(message));
    else this.wakeReaders();
  }

  private restart(): void {
    this.log.restart();
    for (const reader of [...this.readers]) reader.restart();
  }

  private failWith(failure: Failure): void {
    this.finish({ finishReason: "error", usage: null, failure: failure.toJSON() });
  }

  private add(entry: LogEntry): void {
    this.log.add(entry);
  }

  private finish(end: AnswerEnd): void {
    if (this.ending) return;
    this.ending = end;
    this.stream?.close();
    this.wakeReaders();
    this.options.onEnd(this);
  }

  private wakeReaders(): void {
    for (const reader of [...this.readers]) reader.wake();
    this.log.trim(MAX_LOG_BYTES);
  }
}
