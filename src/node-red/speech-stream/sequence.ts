import type { SpeechObserver, SpeechResult } from "../../client/speech-run.js";
import type { Failure } from "../../core/failure.js";
import { DeltaBuffer, MOST_CHARACTERS } from "../../core/text/delta-buffer.js";
import type { SpeechRequest } from "../../providers/shared/speech.js";
import type { RunningChat } from "../chat-provider/runtime.js";
import { copyParts, inheritProperties } from "../messages/inherited-properties.js";
import type { Done, Message, Parts, Send } from "../red/api.js";
import { toNodeError } from "../red/node-error.js";
import { WavJoiner } from "./wav.js";

/** A message whose text is to be spoken. */
export interface Spoken {
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
  private readonly queue: Spoken[] = [];
  private current: Spoken | undefined;
  private running: RunningChat | undefined;
  /** The message with which the text ended. */
  private ending: { message: Message; send: Send; done: Done } | undefined;
  private newest: { message: Message; send: Send };
  private index = 0;
  private said = "";
  private contentType = "";
  private headers: Record<string, string> = {};
  private wav: WavJoiner | undefined;
  private readonly startedAt: number;
  private readonly stats: SpeechStats = {
    texts: 0,
    characters: 0,
    bytes: 0,
    firstAudioMs: null,
    durationMs: 0,
  };
  private over = false;

  constructor(private readonly options: SequenceOptions) {
    this.startedAt = options.now();
    this.newest = options.first;
  }

  /** Texts that wait for their turn. */
  get waiting(): number {
    return this.queue.length;
  }

  /** Whether a sound has been heard. */
  get begun(): boolean {
    return this.index > 0;
  }

  add(spoken: Spoken): void {
    this.newest = spoken;
    this.queue.push(...inPortions(spoken));
    this.next();
  }

  /** The text has ended with this message. What was stopped is not spoken to its end. */
  end(message: Message, send: Send, done: Done): void {
    this.ending = { message, send, done };
    if (message.finishReason === "cancelled") this.finish({ outcome: "cancelled" });
    else this.next();
  }

  /**
   * Ends it where it is, with its last message.
   * @returns whether a failure was told to a message that was being spoken
   */
  finish(result: SpeechResult): boolean {
    if (this.over) return false;
    this.over = true;
    this.running?.cancel();
    const { message, send } = this.ending ?? this.newest;
    send(this.lastMessage(message, result));
    const told = this.settle(result.failure);
    this.options.onEnd(result);
    return told;
  }

  /** Lets go of everything; nothing is sent from here on. */
  drop(): void {
    if (this.over) return;
    this.over = true;
    this.running?.cancel();
    this.settle();
  }

  private next(): void {
    if (this.over || this.current) return;
    this.current = this.queue.shift();
    if (!this.current) {
      if (this.ending) this.finish({ outcome: "complete" });
      return;
    }
    const base = inheritProperties(this.current.message);
    const { send, request } = this.current;
    this.stats.texts++;
    this.stats.characters += request.text.length;
    this.wav?.next();
    this.running = this.options.speak(request, {
      onBegin: (contentType, headers) => {
        this.contentType ||= contentType;
        this.headers = headers;
        if (/wav/i.test(contentType)) this.wav ??= new WavJoiner();
      },
      onAudio: (bytes) => this.hear(this.wav ? this.wav.add(bytes) : bytes, base, send),
      onEnd: (result) => {
        if (!this.over && this.wav) this.hear(this.wav.end(), base, send);
        this.spoken(result);
      },
    });
    this.options.onProgress();
  }

  private spoken(result: SpeechResult): void {
    if (this.over) return;
    const { current } = this;
    if (result.outcome === "complete") {
      this.said += current!.request.text;
      if (this.queue.length > 0 || !this.ending) {
        this.current = undefined;
        current!.done();
      }
    }
    if (result.outcome !== "complete" || this.current) this.finish(result);
    else this.next();
  }

  private hear(bytes: Buffer, base: Message, send: Send): void {
    if (this.over || bytes.length === 0) return;
    this.stats.firstAudioMs ??= Math.round(this.options.now() - this.startedAt);
    this.stats.bytes += bytes.length;
    send({
      ...inheritProperties(base),
      payload: bytes,
      parts: this.place(base),
      contentType: this.contentType,
    });
  }

  private lastMessage(message: Message, { outcome, failure }: SpeechResult): Message {
    this.stats.durationMs = Math.round(this.options.now() - this.startedAt);
    const last: Message = {
      ...inheritProperties(message),
      payload: Buffer.alloc(0),
      parts: { ...this.place(message), count: this.index },
      contentType: this.contentType,
      headers: this.headers,
      complete: true,
      // A text that was cut off is spoken as far as it goes; why it ended is told as it was.
      finishReason: outcome === "complete" ? (message["finishReason"] ?? "stop") : REASONS[outcome],
      stats: this.stats,
    };
    if (failure) last["error"] = { ...failure.toJSON(), partial: this.said };
    else if (message["error"] !== undefined) last["error"] = message["error"];
    return last;
  }

  private place(message: Message): Parts {
    const outer = copyParts(message.parts?.parts ?? this.newest.message.parts?.parts);
    return { id: this.options.id, index: this.index++, type: "buffer", ...(outer ? { parts: outer } : {}) };
  }

  /** Is done with every message that it holds, the one that was spoken with what went wrong. @returns whether there was one */
  private settle(failure?: Failure): boolean {
    const told = failure !== undefined && this.current !== undefined;
    if (failure) this.current?.done(toNodeError(failure));
    for (const spoken of [this.current, ...this.queue]) spoken?.done();
    this.queue.length = 0;
    this.current = undefined;
    this.ending?.done();
    return told;
  }
}

const REASONS = { failed: "error", cancelled: "cancelled" } as const;

/** Services take so many characters at once; of a longer text they get sentence after sentence. */
function inPortions(spoken: Spoken): Spoken[] {
  const { request, done } = spoken;
  if (request.text.length <= MOST_CHARACTERS) return [spoken];
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
