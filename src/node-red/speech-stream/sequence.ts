import type { SpeechObserver, SpeechResult } from "../../client/speech-run.js";
import type { Failure } from "../../core/failure.js";
import { DeltaBuffer, MAX_MESSAGE_CHARS } from "../../core/text/delta-buffer.js";
import type { SpeechRequest } from "../../providers/shared/speech.js";
import type { RunningRequest } from "../chat-provider/runtime.js";
import { copyParts, inheritProperties } from "../messages/inherited-properties.js";
import type { Done, Message, Parts, Send } from "../red/api.js";
import { toNodeError } from "../red/node-error.js";
import { WavJoiner } from "./wav.js";

/** A text to speak, with the message that brought it and the functions of its input. */
export interface SpeechTask {
  message: Message;
  send: Send;
  done: Done;
  request: SpeechRequest;
}

/** What a sequence needs to work. */
export interface SequenceOptions {
  /** The stream's id. */
  id: string;
  /** How often the text has begun again. */
  restarts: number;
  /** The message that starts the sequence. Messages inherit its properties until a text arrives. */
  first: { message: Message; send: Send };
  /** Asks the service for audio. `observer.onEnd` is called exactly once. */
  speak(request: SpeechRequest, observer: SpeechObserver): RunningRequest;
  /** Time of a monotonic clock, in milliseconds. */
  now(): number;
  /** Called when a text starts to be spoken. */
  onProgress(): void;
  /** Called once, when the last message has been sent. @param end the message that ended the text, if one did */
  onEnd(result: SpeechResult, end: Message | undefined): void;
}

/** `msg.stats` of the last message. Times are in milliseconds since the sequence started. */
interface SpeechStats {
  /** Number of texts that were sent to the service. */
  texts: number;
  characters: number;
  bytes: number;
  firstAudioMs: number | null;
  durationMs: number;
}

/**
 * Speaks the texts of one stream one after the other, in order of arrival, and sends their audio as one stream. The last
 * message follows when the text has ended and all of it was spoken.
 */
export class SpeechSequence {
  private readonly queue: SpeechTask[] = [];
  /** The text that is being spoken. */
  private current: SpeechTask | undefined;
  private running: RunningRequest | undefined;
  /** The message that ended the text. */
  private endMessage: { message: Message; send: Send; done: Done } | undefined;
  private newest: { message: Message; send: Send };
  private nextIndex = 0;
  /** Text that was spoken to its end. */
  private spokenText = "";
  private contentType = "";
  private headers: Record<string, string> = {};
  private wavJoiner: WavJoiner | undefined;
  private readonly startedAt: number;
  private readonly stats: SpeechStats = {
    texts: 0,
    characters: 0,
    bytes: 0,
    firstAudioMs: null,
    durationMs: 0,
  };
  private isOver = false;

  constructor(private readonly options: SequenceOptions) {
    this.startedAt = options.now();
    this.newest = options.first;
  }

  /** How often the text has begun again. */
  get restarts(): number {
    return this.options.restarts;
  }

  /** Number of texts that wait to be spoken. */
  get waitingCount(): number {
    return this.queue.length;
  }

  /** Whether audio has been sent. */
  get hasAudio(): boolean {
    return this.nextIndex > 0;
  }

  /** Queues a text. */
  add(task: SpeechTask): void {
    this.newest = task;
    this.queue.push(...splitLongText(task));
    this.speakNext();
  }

  /** Notes that this message ends the text. If the text was cancelled, speaking stops too. */
  end(message: Message, send: Send, done: Done): void {
    // A repeated message.
    this.endMessage?.done();
    this.endMessage = { message, send, done };
    if (message.finishReason === "cancelled") this.finish({ outcome: "cancelled" });
    else this.speakNext();
  }

  /**
   * Ends the sequence at once, with its last message.
   * @returns whether the result's failure was reported through a message that was being spoken
   */
  finish(result: SpeechResult): boolean {
    if (this.isOver) return false;
    this.isOver = true;
    this.running?.cancel();
    const end = this.endMessage;
    const { message, send } = end ?? this.newest;
    send(this.createLastMessage(message, result));
    const isReported = this.finishMessages(result.failure);
    this.options.onEnd(result, end?.message);
    return isReported;
  }

  /** Ends the sequence at once without a last message. */
  drop(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.running?.cancel();
    this.finishMessages();
  }

  private speakNext(): void {
    if (this.isOver || this.current) return;
    this.current = this.queue.shift();
    if (!this.current) {
      if (this.endMessage) this.finish({ outcome: "complete" });
      return;
    }
    const base = inheritProperties(this.current.message);
    const { send, request } = this.current;
    this.stats.texts++;
    this.stats.characters += request.text.length;
    this.wavJoiner?.startNext();
    this.running = this.options.speak(request, {
      onBegin: (contentType, headers) => {
        this.contentType ||= contentType;
        this.headers = headers;
        if (/wav/i.test(contentType)) this.wavJoiner ??= new WavJoiner();
      },
      onAudio: (bytes) => this.sendAudio(this.wavJoiner ? this.wavJoiner.add(bytes) : bytes, base, send),
      onEnd: (result) => {
        if (!this.isOver && this.wavJoiner) this.sendAudio(this.wavJoiner.end(), base, send);
        this.handleSpoken(result);
      },
    });
    this.options.onProgress();
  }

  private handleSpoken(result: SpeechResult): void {
    if (this.isOver) return;
    const { current } = this;
    if (result.outcome === "complete") {
      this.spokenText += current!.request.text;
      if (this.queue.length > 0 || !this.endMessage) {
        this.current = undefined;
        current!.done();
      }
    }
    if (result.outcome !== "complete" || this.current) this.finish(result);
    else this.speakNext();
  }

  private sendAudio(bytes: Buffer, base: Message, send: Send): void {
    if (this.isOver || bytes.length === 0) return;
    this.stats.firstAudioMs ??= Math.round(this.options.now() - this.startedAt);
    this.stats.bytes += bytes.length;
    send({
      ...inheritProperties(base),
      payload: bytes,
      parts: this.createParts(base),
      contentType: this.contentType,
    });
  }

  private createLastMessage(message: Message, { outcome, failure }: SpeechResult): Message {
    this.stats.durationMs = Math.round(this.options.now() - this.startedAt);
    const last: Message = {
      ...inheritProperties(message),
      payload: Buffer.alloc(0),
      parts: { ...this.createParts(message), count: this.nextIndex },
      contentType: this.contentType,
      headers: this.headers,
      complete: true,
      // A text that was cut off is spoken as far as it goes, and keeps its own finish reason.
      finishReason: outcome === "complete" ? (message["finishReason"] ?? "stop") : FINISH_REASONS[outcome],
      stats: this.stats,
    };
    if (failure) last["error"] = { ...failure.toJSON(), partial: this.spokenText };
    else if (message["error"] !== undefined) last["error"] = message["error"];
    return last;
  }

  private createParts(message: Message): Parts {
    const outer = copyParts(message.parts?.parts ?? this.newest.message.parts?.parts);
    return {
      id: this.options.id,
      index: this.nextIndex++,
      type: "buffer",
      ...(this.restarts > 0 ? { restarts: this.restarts } : {}),
      ...(outer ? { parts: outer } : {}),
    };
  }

  /**
   * Calls `done` for all messages, with the failure for the one that was being spoken.
   * @returns whether there was a failure and a message to report it
   */
  private finishMessages(failure?: Failure): boolean {
    const isReported = failure !== undefined && this.current !== undefined;
    if (failure) this.current?.done(toNodeError(failure));
    for (const task of [this.current, ...this.queue]) task?.done();
    this.queue.length = 0;
    this.current = undefined;
    this.endMessage?.done();
    return isReported;
  }
}

/** `msg.finishReason` by outcome, unless the text ended by itself. */
const FINISH_REASONS = { failed: "error", cancelled: "cancelled" } as const;

/** Splits a text into sentences if it is longer than services accept at once. */
function splitLongText(task: SpeechTask): SpeechTask[] {
  const { request, done } = task;
  if (request.text.length <= MAX_MESSAGE_CHARS) return [task];
  const buffer = new DeltaBuffer({ count: 0, characters: 0, boundary: "sentence" });
  const texts = [...buffer.add({ text: request.text }), ...buffer.flush()].map(({ text }) => text);
  return texts.filter(isSpeakable).map((text, index, all) => ({
    ...task,
    request: { ...request, text },
    // The message is done when its last sentence was spoken, or when one fails.
    done: index === all.length - 1 ? done : (error) => (error === undefined ? undefined : done(error)),
  }));
}

/** Whether a text has a word or a number. Services refuse a text without one, such as a line of dashes. */
export function isSpeakable(text: string): boolean {
  return /[\p{L}\p{N}]/u.test(text);
}
