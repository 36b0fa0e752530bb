import type { SpeechObserver, SpeechResult } from "../../client/speech-run.js";
import type { Failure } from "../../core/failure.js";
import { DeltaBuffer, MAX_MESSAGE_CHARS } from "../../core/text/delta-buffer.js";
import type { SpeechRequest } from "../../providers/shared/speech.js";
import type { RunningChat } from "../chat-provider/runtime.js";
import { copyParts, inheritProperties } from "../messages/inherited-properties.js";
import type { Done, Message, Parts, Send } from "../red/api.js";
import { toNodeError } from "../red/node-error.js";
import { WavJoiner } from "./wav.js";

/** A message whose text is to be spoken. */
export interface SpeechTask {
  message: Message;
  send: Send;
  done: Done;
  request: SpeechRequest;
}

export interface SequenceOptions {
  id: string;
  /** The message with which it begins; what rides along comes from it until there is a text. */
  first: { message: Message; send: Send };
  /** @param observer hears of the one end */
  speak(request: SpeechRequest, observer: SpeechObserver): RunningChat;
  /** Milliseconds of a monotonic clock. */
  now(): number;
  onProgress(): void;
  onEnd(outcome: SpeechResult): void;
}

/** How the sound of a sequence was made. Times in milliseconds. */
interface SpeechStats {
  /** Texts that were spoken. */
  texts: number;
  characters: number;
  bytes: number;
  firstAudioMs: number | null;
  durationMs: number;
}

/**
 * The texts of one stream as one sequence of sound: spoken one after the other, in the order they came, and ended by
 * one last message once the text has ended and all of it is spoken.
 */
export class SpeechSequence {
  private readonly queue: SpeechTask[] = [];
  private current: SpeechTask | undefined;
  private running: RunningChat | undefined;
  /** The message with which the text ended. */
  private endMessage: { message: Message; send: Send; done: Done } | undefined;
  private newest: { message: Message; send: Send };
  private nextIndex = 0;
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

  /** Texts that wait for their turn. */
  get waitingCount(): number {
    return this.queue.length;
  }

  /** Whether a sound has been heard. */
  get hasAudio(): boolean {
    return this.nextIndex > 0;
  }

  add(onSpoken: SpeechTask): void {
    this.newest = onSpoken;
    this.queue.push(...splitLongText(onSpoken));
    this.speakNext();
  }

  /** The text has ended with this message. What was stopped is not spoken to its end. */
  end(message: Message, send: Send, done: Done): void {
    this.endMessage = { message, send, done };
    if (message.finishReason === "cancelled") this.finish({ outcome: "cancelled" });
    else this.speakNext();
  }

  /**
   * Ends it where it is, with its last message.
   * @returns whether a failure was told to a message that was being spoken
   */
  finish(result: SpeechResult): boolean {
    if (this.isOver) return false;
    this.isOver = true;
    this.running?.cancel();
    const { message, send } = this.endMessage ?? this.newest;
    send(this.createLastMessage(message, result));
    const told = this.finishMessages(result.failure);
    this.options.onEnd(result);
    return told;
  }

  /** Lets go of everything; nothing is sent from here on. */
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
        this.spoken(result);
      },
    });
    this.options.onProgress();
  }

  private spoken(result: SpeechResult): void {
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
      // A text that was cut off is spoken as far as it goes; why it ended is told as it was.
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
      ...(outer ? { parts: outer } : {}),
    };
  }

  /** Is done with every message that it holds, the one that was spoken with what went wrong. @returns whether there was one */
  private finishMessages(failure?: Failure): boolean {
    const told = failure !== undefined && this.current !== undefined;
    if (failure) this.current?.done(toNodeError(failure));
    for (const spoken of [this.current, ...this.queue]) spoken?.done();
    this.queue.length = 0;
    this.current = undefined;
    this.endMessage?.done();
    return told;
  }
}

const FINISH_REASONS = { failed: "error", cancelled: "cancelled" } as const;

/** Services take so many characters at once; of a longer text they get sentence after sentence. */
function splitLongText(spoken: SpeechTask): SpeechTask[] {
  const { request, done } = spoken;
  if (request.text.length <= MAX_MESSAGE_CHARS) return [spoken];
  const buffer = new DeltaBuffer({ count: 0, characters: 0, boundary: "sentence" });
  const texts = [...buffer.add({ text: request.text }), ...buffer.flush()].map(({ text }) => text);
  return texts.filter(isSpeakable).map((text, at, all) => ({
    ...spoken,
    request: { ...request, text },
    done: at === all.length - 1 ? done : (error) => (error === undefined ? undefined : done(error)),
  }));
}

/** Whether there is a word or a number in it: a line of dashes is nothing to say, and services refuse it. */
export function isSpeakable(text: string): boolean {
  return /[\p{L}\p{N}]/u.test(text);
}
