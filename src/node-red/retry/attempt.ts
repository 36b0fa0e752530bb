import type { Chunk } from "../../core/chat/chunk.js";
import type { ContinuationInfo } from "../../core/retry/continuation.js";
import { type ContinuationOutput, OverlapTrimmer } from "../../core/retry/overlap-trimmer.js";
import { replaceTags } from "../messages/ask-tags.js";
import { inheritProperties } from "../messages/inherited-properties.js";
import { type StreamMessage, writeRestarts } from "../messages/stream-message.js";
import type { Message, Parts } from "../red/api.js";
import { collectText, noteChunk, noteRestart, type StreamRecord } from "./record.js";

/** How the stream of a request relates to what the reader has. */
export interface AttemptStart {
  /** Whether its first message takes back what the reader has. */
  restarts: boolean;
  /** Set if its text continues what the reader has. */
  continues: ContinuationInfo | undefined;
}

/** Thrown inside an attempt if nobody can tell whether its text repeats what the reader has. */
export class UnclearOverlap extends Error {}

/** The stream of one request, whose messages take their places in the reader's stream. */
export class Attempt {
  /** Whether a message of it was sent on. */
  started = false;
  /** Text that the reader has of it. */
  text = "";
  private newest: StreamMessage | undefined;
  private readonly send: (message: Message) => void;
  private offset: number;
  private trimmer: OverlapTrimmer | undefined;
  private mustRestart: boolean;

  /**
   * @param start undefined for the first request, whose stream is the reader's
   * @param send sends a message to the reader
   */
  constructor(
    private readonly record: StreamRecord,
    private readonly start: AttemptStart | undefined,
    send: (message: Message) => void,
  ) {
    this.send = (message) => {
      if (typeof message.payload === "string") this.text += message.payload;
      this.newest = message as StreamMessage;
      send(message);
    };
    this.offset = start ? record.messagesSent : 0;
    this.mustRestart = start?.restarts === true;
    if (start?.continues) this.trimmer = new OverlapTrimmer(record.currentText, start.continues);
  }

  /** Characters that were taken away because the reader has them already. */
  get repeated(): number {
    return this.trimmer?.trimmed ?? 0;
  }

  /**
   * Sends a message that is not the last one on, in its place. The message belongs to this node.
   * @throws UnclearOverlap
   */
  pass(message: StreamMessage): void {
    this.begin(message);
    if (message.chunk !== undefined) noteChunk(this.record, message.chunk);
    if (this.trim(message)) this.send(this.place(message));
  }

  /**
   * Puts the last message in its place, and sends what belongs before it. Whether to send it is the caller's decision.
   * @throws UnclearOverlap
   */
  placeLast(message: StreamMessage): Message {
    const held = this.trimmer?.end();
    if (held) this.release(held, message);
    return this.place(message);
  }

  /**
   * Makes a last message for an attempt that never got one.
   * @param first some message of the reader's stream, for an attempt of which nothing was sent on
   */
  createEnding(first: StreamMessage): Message {
    const { newest } = this;
    const base = { ...inheritProperties(newest ?? first), payload: "", complete: true };
    if (!newest) return this.place({ ...base, parts: { ...first.parts, index: 0, count: 1 } });
    const index = newest.parts.index + (newest["reset"] === undefined ? 1 : 0);
    return { ...base, parts: { ...newest.parts, index, count: index + 1 } };
  }

  /** Once a restarted request sends its first message, and not before, tells the reader to discard the old text. */
  begin(message: StreamMessage): void {
    this.started = true;
    if (this.mustRestart) this.restart(message);
  }

  /** The stream began again at its source: so does the reader's, or the part that continues it. */
  beginAgain(message: StreamMessage): void {
    this.started = true;
    this.trimmer?.restart();
    this.restart(message, this.trimmer !== undefined);
  }

  /** Tells the reader to forget everything, then sends what does not begin again. */
  private restart(message: StreamMessage, keepsCurrentText = false): void {
    const { record } = this;
    this.mustRestart = false;
    this.offset = 0;
    this.text = "";
    if (keepsCurrentText) record.restarts++;
    else noteRestart(record);
    const parts = { ...omitCount(message), index: 0 };
    this.send(this.place({ ...inheritProperties(message), payload: "", reset: true, parts: { ...parts } }));
    const payload = collectText(record);
    if (payload === "") return;
    this.send(this.place({ ...inheritProperties(message), payload, parts }));
    this.offset = 1;
  }

  /** @returns whether anything is left to send */
  private trim(message: StreamMessage): boolean {
    const { payload, chunk } = message;
    // A message without text decides nothing: a model that repeats its words may reason first.
    if (!this.trimmer || typeof payload !== "string" || payload === "") return true;
    const text = this.settle(this.trimmer.push(payload), message);
    message.payload = text;
    if (chunk === undefined) {
      if (text === "") this.offset--;
      return text !== "";
    }
    const first = (chunk as Chunk).choices.find(({ index }) => index === 0);
    if (first) first.delta.content = text;
    return true;
  }

  /** Sends text that was held back because it might have been a repetition, before the last message. */
  private release(held: ContinuationOutput, last: StreamMessage): void {
    const payload = this.settle(held, last);
    if (payload === "") return;
    this.send(this.place({ ...inheritProperties(last), payload, parts: omitCount(last) }));
    this.offset++;
  }

  private settle(continued: ContinuationOutput, message: StreamMessage): string {
    if (continued.kind === "unclear") throw new UnclearOverlap();
    if (continued.kind === "restart") {
      this.trimmer = undefined;
      this.restart(message);
      // Messages that were held back have no place in the new beginning.
      this.offset -= message.parts.index;
    }
    return continued.text;
  }

  private place<T extends Message & { parts: Parts }>(message: T): T {
    const { record } = this;
    if (!this.start && record.restarts === 0) return message;
    const { parts } = message;
    parts.id = record.id;
    parts.index += this.offset;
    writeRestarts(parts, record.restarts);
    if (parts.count !== undefined) parts.count = parts.index + 1;
    return this.start ? replaceTags(message, record.outerTags) : message;
  }
}

/** A message's place for one that goes before it. With the count, that would look like the last one. */
function omitCount({ parts }: StreamMessage): Parts {
  const { count: _, ...place } = parts;
  return place;
}
