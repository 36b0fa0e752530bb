import { readChunk } from "../../core/chat/chunk-guard.js";
import { type ContinuationOutput, OverlapTrimmer } from "../../core/retry/overlap-trimmer.js";
import type { RetryTag } from "../messages/ask-tags.js";
import { createMessageBefore, type StreamMessage } from "../messages/stream-message.js";
import type { StreamRecord } from "./record.js";

/** Thrown inside an attempt if nobody can tell whether its text repeats what the reader has. */
export class UnclearOverlap extends Error {}

/** The stream of one request: what of it, and what in its stead, belongs to the reader. */
export class Attempt {
  /** Whether a message of it was sent on. */
  started = false;
  /** Whether its first message takes back what the reader has. */
  private mustRestart: boolean;
  /** Set if its text continues what the reader has. */
  private trimmer: OverlapTrimmer | undefined;

  /**
   * @param send sends a message to the reader, in its place
   * @param tag of its request; undefined if no retry node asked
   */
  constructor(
    private readonly record: StreamRecord,
    private readonly send: (message: StreamMessage) => void,
    private readonly tag: RetryTag | undefined,
  ) {
    this.mustRestart = tag !== undefined && tag.messagesSent === undefined;
    this.trimmer = this.createTrimmer();
  }

  /** Characters that were taken away because the reader has them already. */
  get repeated(): number {
    return this.trimmer?.trimmed ?? 0;
  }

  /**
   * Joins a stream in its middle. The node that was deployed before may have handled the beginning.
   * @param index of the first message that this node gets
   */
  join(index: number): void {
    this.record.nextIndex += index;
    if (index === 0) return;
    if (this.mustRestart) this.record.restarts++;
    this.mustRestart = false;
    this.trimmer = undefined;
  }

  /**
   * Sends a message that is not the last one on. The message belongs to this node.
   * @throws UnclearOverlap
   */
  pass(message: StreamMessage): void {
    this.begin(message);
    if (message.chunk !== undefined) this.record.noteChunk(message.chunk);
    if (this.trim(message)) this.send(message);
  }

  /**
   * Sends what belongs before the last message: text that was held back because it might have been a repetition, and the
   * message's own if it has to wait.
   * @param waits whether the last message may never be sent
   * @throws UnclearOverlap
   */
  end(last: StreamMessage, waits: boolean): void {
    if (!this.trimmer && !waits) return;
    let text = "";
    if (typeof last.payload === "string" && last.payload !== "") {
      text = last.payload;
      last.payload = "";
      this.begin(last);
      if (this.trimmer) text = this.settle(this.trimmer.push(text), last);
    }
    if (this.trimmer) text += this.settle(this.trimmer.end(), last);
    if (text !== "") this.send(createMessageBefore(last, text));
  }

  /** Once a restarted request sends its first message, and not before, tells the reader to discard the old text. */
  begin(message: StreamMessage): void {
    this.started = true;
    if (this.mustRestart) this.restart(message);
  }

  /** The stream began again at its source: so does the reader's, or the part that continues it. */
  beginAgain(message: StreamMessage): void {
    this.started = true;
    if (this.trimmer) this.trimmer = this.createTrimmer();
    this.restart(message, this.trimmer !== undefined);
  }

  private createTrimmer(): OverlapTrimmer | undefined {
    return this.tag?.continues && new OverlapTrimmer(this.record.currentText, this.tag.continues);
  }

  /** Tells the reader to forget everything, then sends the text that does not begin again. */
  private restart(message: StreamMessage, keepsCurrentText = false): void {
    const { record } = this;
    this.mustRestart = false;
    const text = record.noteRestart(keepsCurrentText);
    this.send({ ...createMessageBefore(message, ""), reset: true });
    record.nextIndex = 0;
    if (text !== "") this.send(createMessageBefore(message, text));
  }

  /** @returns whether anything is left to send */
  private trim(message: StreamMessage): boolean {
    const { payload } = message;
    // A message without text decides nothing: a model that repeats its words may reason first.
    if (!this.trimmer || typeof payload !== "string" || payload === "") return true;
    const text = this.settle(this.trimmer.push(payload), message);
    message.payload = text;
    const first = readChunk(message.chunk)?.choices.find(({ index }) => index === 0);
    if (first) first.delta.content = text;
    return text !== "" || message.chunk !== undefined;
  }

  private settle(continued: ContinuationOutput, message: StreamMessage): string {
    if (continued.kind === "unclear") throw new UnclearOverlap();
    if (continued.kind === "restart") {
      this.trimmer = undefined;
      this.restart(message);
    }
    return continued.text;
  }
}
