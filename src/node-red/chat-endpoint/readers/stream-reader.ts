import type { ServerResponse } from "node:http";
import type { Clock } from "../../../core/clock.js";
import { describeFailure } from "../../../serving/client-failure.js";
import { hasContent } from "../../../serving/content.js";
import type { Form, FrameWriter } from "../../../serving/form.js";
import type { Answer, AnswerReader } from "../answer.js";
import type { LogEntry } from "../answer-log.js";
import { sendHttpAnswer } from "../http/http-answer.js";
import { createFailureData } from "../whole-message.js";

/** How long the status line waits for something to say. Until then, a failure can still have a status of its own. */
const MAX_HOLD_MS = 8_000;

/** A silent answer shows this often that it is alive. Proxies close a connection that is silent for a minute. */
const KEEP_ALIVE_MS = 15_000;

/** One of this number of keep-alives in a row is a record, because some clients do not count comments. */
const KEEP_ALIVES_PER_RECORD = 4;

/** Bytes that may wait for a slow reader. The rest of the answer waits in the log, which all readers share. */
const MAX_UNSENT_BYTES = 64 * 1024;

/** A reader that takes nothing for this long is cut off. */
const MAX_STALL_MS = 30_000;

/** How a client reads an answer while it is written. */
export interface StreamReaderOptions {
  answer: Answer;
  form: Form;
  /** @param start index of the first entry that is written */
  createWriter(start: number): FrameWriter;
  response: ServerResponse;
  clock: Clock;
  /** Index of the first entry that the client does not have; default: the first one in memory. */
  from?: number;
}

/** Reads one answer for a client, frame by frame. */
export class StreamReader implements AnswerReader {
  private writer: FrameWriter;
  private cursor: number;
  /** Whether the client has to forget what it got from an earlier reader. */
  private readonly isTakenBack: boolean;
  /** Index of the first entry that has not been searched for content. */
  private searched: number;
  /** Whether the status line and the first frame have been sent. */
  private isCommitted = false;
  /** Whether the client has content that cannot be taken back. */
  private hasSentContent = false;
  /** Whether the client is slower than the answer. */
  private isBlocked = false;
  private isOver = false;
  /** When the client last got something, in milliseconds of the clock. */
  private sentAt = 0;
  /** Keep-alives in a row. */
  private keepAliveCount = 0;
  private timer: unknown;
  private stallTimer: unknown;

  constructor(private readonly options: StreamReaderOptions) {
    const { answer, createWriter, response, clock, from = answer.log.start } = options;
    // What the client had may have been taken back since.
    this.isTakenBack = from < answer.log.start;
    this.cursor = this.searched = Math.max(from, answer.log.start);
    this.writer = createWriter(this.isTakenBack ? from : this.cursor);
    this.timer = clock.setTimer(this.commitLate, MAX_HOLD_MS);
    response.on("close", this.handleClose);
    response.on("drain", this.handleDrain);
  }

  wake(): void {
    const { answer } = this.options;
    while (!this.isOver && !this.isBlocked) {
      const { end, log } = answer;
      if (this.cursor < log.start) {
        this.cutOff();
        return;
      }
      if (!this.isCommitted && end?.failure && !this.findContent()) {
        this.refuse(end.failure);
        return;
      }
      if (!this.isCommitted && !end && !this.findContent()) return;
      let frames = this.isCommitted ? "" : this.begin();
      while (this.cursor < log.end && frames.length < MAX_UNSENT_BYTES)
        frames += this.writeEntry(log.read(this.cursor++));
      if (this.cursor < log.end) this.send(frames);
      else if (end) this.finish(frames + this.writer.end(end));
      else {
        this.send(frames);
        return;
      }
    }
  }

  restart(): void {
    const { answer, createWriter } = this.options;
    const start = answer.log.end;
    this.cursor = this.searched = start;
    if (this.isOver) return;
    const retraction = this.hasSentContent ? this.writer.restart(start) : "";
    if (retraction === undefined) {
      const failure = createFailureData(
        "interrupted",
        "The answer started over, but the text already sent cannot be taken back.",
      );
      this.finish(this.writer.end({ finishReason: "error", usage: null, failure }));
      return;
    }
    this.hasSentContent = false;
    if (retraction !== "") this.send(retraction);
    else {
      this.writer = createWriter(start);
      if (this.isCommitted) this.writer.begin();
    }
  }

  private writeEntry(entry: LogEntry): string {
    this.keepAliveCount = 0;
    if (typeof entry === "string") {
      this.hasSentContent = true;
      return this.writer.writeText(entry);
    }
    if ("tool" in entry) {
      const frames = this.writer.writeTool(entry.tool);
      this.hasSentContent ||= frames !== "";
      return frames;
    }
    this.hasSentContent ||= hasContent(entry.chunk, entry.text);
    return this.writer.writeChunk(entry.chunk, entry.text);
  }

  /** Whether there is something to say. */
  private findContent(): boolean {
    const { log } = this.options.answer;
    while (this.searched < log.end) {
      const entry = log.read(this.searched);
      if (typeof entry === "string" || "tool" in entry || hasContent(entry.chunk, entry.text)) return true;
      this.searched++;
    }
    return false;
  }

  private begin(): string {
    const { clock, form, response } = this.options;
    this.isCommitted = true;
    clock.clearTimer(this.timer);
    this.timer = clock.setTimer(this.keepAlive, KEEP_ALIVE_MS);
    if (!response.destroyed) {
      response.writeHead(200, form.streamHeaders);
      response.flushHeaders();
    }
    return this.writer.begin() + (this.isTakenBack ? (this.writer.restart(this.cursor) ?? "") : "");
  }

  private send(frames: string): void {
    const { clock, response } = this.options;
    if (frames === "" || response.destroyed) return;
    this.sentAt = clock.now();
    const isDrained = response.write(frames);
    if (isDrained || response.writableLength <= MAX_UNSENT_BYTES) return;
    this.isBlocked = true;
    this.watchStall();
  }

  private finish(frames: string): void {
    const { answer, form, response } = this.options;
    this.leave();
    if (response.destroyed) return;
    if (form.breaksOffFailures && answer.end?.failure) response.write(frames, () => response.destroy());
    else response.end(frames);
    if (response.writableLength > 0) this.watchStall();
  }

  /** Nothing has been sent yet: the failure has a status. */
  private refuse(failure: Parameters<typeof describeFailure>[0]): void {
    const { form, response } = this.options;
    this.leave();
    sendHttpAnswer(response, form.buildError(describeFailure(failure)));
  }

  private cutOff(): void {
    this.options.response.destroy();
    this.leave();
  }

  /** Reads no more. */
  private leave(): void {
    const { answer, clock } = this.options;
    this.isOver = true;
    clock.clearTimer(this.timer);
    answer.removeReader(this);
  }

  private watchStall(): void {
    const { clock, response } = this.options;
    clock.clearTimer(this.stallTimer);
    const before = response.writableLength;
    this.stallTimer = clock.setTimer(() => {
      if (response.writableLength < before) this.watchStall();
      else this.cutOff();
    }, MAX_STALL_MS);
  }

  private readonly commitLate = (): void => {
    if (!this.isOver && !this.isCommitted) this.send(this.begin());
  };

  private readonly keepAlive = (): void => {
    if (this.isOver) return;
    const { clock } = this.options;
    const due = this.sentAt + KEEP_ALIVE_MS - clock.now();
    const isSilent = due <= 0 && !this.isBlocked;
    this.timer = clock.setTimer(this.keepAlive, due > 0 ? due : KEEP_ALIVE_MS);
    if (!isSilent) return;
    this.keepAliveCount++;
    this.send(this.writer.keepAlive(this.keepAliveCount % KEEP_ALIVES_PER_RECORD === 0));
  };

  private readonly handleDrain = (): void => {
    this.options.clock.clearTimer(this.stallTimer);
    if (this.isOver) return;
    this.isBlocked = false;
    this.wake();
  };

  private readonly handleClose = (): void => {
    this.options.clock.clearTimer(this.stallTimer);
    if (!this.isOver) this.leave();
  };
}
