import { readChunk } from "../../core/chat/chunk-guard.js";
import type { Clock } from "../../core/clock.js";
import { Failure, readReason, toFailure } from "../../core/failure.js";
import { GrowingText } from "../../core/growing-text.js";
import { type BufferRules, DeltaBuffer } from "../../core/text/delta-buffer.js";
import type { Piece } from "../../core/text/held-piece.js";
import { Pacer } from "../../core/text/pacer.js";
import { dropStreamProperties } from "../messages/inherited-properties.js";
import { MAX_STRAGGLER_WAIT_MS } from "../messages/open-streams.js";
import { type Sequenced, Sequencer } from "../messages/sequencer.js";
import { isLastMessage, mayBeRestartNotice, requirePayloadText } from "../messages/stream-message.js";
import type { Done, Message, Send } from "../red/api.js";
import { copyReadable } from "../red/message-copy.js";
import { PendingPartials } from "./pending-partials.js";

/** How long due text waits for the next piece, which may continue its last character (a combining mark, an emoji). */
const TAIL_WAIT_MS = 10;

/** When a delta-buffer sends the text that it holds. */
export interface StreamRules {
  rules: Readonly<BufferRules>;
  /** Milliseconds after which held text is sent. 0: no limit. */
  holdMs: number;
  /** If set, words are sent at this pace and no other rule applies. */
  wordsPerSecond: number | undefined;
}

export interface BufferListener {
  /** The last message has been sent, made of this one. */
  onEnd(last: Message): void;
  /** The stream has failed in this node. @param done of the message that is being handled; undefined if none is */
  onFailure(failure: Failure, message: Message, done: Done | undefined): void;
}

/** A message with the functions of its input. */
interface BufferedMessage extends Sequenced {
  message: Message;
  send: Send;
  done: Done;
}

/** How far a stream was processed. */
export interface StreamPosition {
  /** Index of the next incoming message. */
  next: number;
  /** Index of the next outgoing message. */
  index: number;
  /** How often the stream has begun again. */
  restarts: number;
}

/** One stream in a delta-buffer. Puts its messages in order, merges or paces them, and numbers them anew. */
export class BufferedStream {
  readonly restarts: number;
  private readonly buffer: DeltaBuffer;
  private readonly pacer: Pacer | undefined;
  /** The newest message. Outgoing messages inherit its properties. */
  private newest: BufferedMessage | undefined;
  /** The stream's last message, while text before it is still held. */
  private last: BufferedMessage | undefined;
  /** The newest message, as long as it is not done. */
  private unfinished: BufferedMessage | undefined;
  private readonly sequencer: Sequencer<BufferedMessage>;
  private nextIndex: number;
  private readonly sentText = new GrowingText();
  private readonly partials = new PendingPartials();
  private gapTimer: unknown;
  private timer: unknown;
  private timerKind: "tail" | "hold" | "pace" | undefined;
  private lastTickAt = 0;
  private hasEnded = false;

  /**
   * @param start where the stream continues, if it was suspended
   */
  constructor(
    private readonly options: StreamRules,
    private readonly clock: Clock,
    private readonly listener: BufferListener,
    start: StreamPosition = { next: 0, index: 0, restarts: 0 },
  ) {
    this.restarts = start.restarts;
    this.sequencer = new Sequencer(start.next, ({ message }) => mayBeRestartNotice(message));
    this.nextIndex = start.index;
    this.buffer = new DeltaBuffer(options.rules);
    this.pacer = options.wordsPerSecond === undefined ? undefined : new Pacer(options.wordsPerSecond);
  }

  get position(): StreamPosition {
    return { next: this.sequencer.next, index: this.nextIndex, restarts: this.restarts };
  }

  /**
   * Adds a message that has `parts.index`.
   * @param done called when the message's turn in the order has come; for the last message, when it has been sent
   */
  add(message: Message, send: Send, done: Done): void {
    const buffered = { parts: message.parts!, message, send, done };
    this.newest ??= buffered;
    this.sequencer.add(buffered)?.done();
    this.run(() => {
      this.acceptDue();
      if (this.sequencer.isOverfull) this.skipGap();
      else if (this.sequencer.earlyCount > 0) this.awaitMissing();
    });
  }

  /** Sends everything that is held, without waiting for missing messages. */
  flush(): void {
    this.run(() => {
      while (this.sequencer.earlyCount > 0) this.skipGap();
      this.sendHeld();
      if (this.last) this.finish(this.last);
    });
  }

  /** Drops everything that is held. The stream sends nothing afterwards. */
  drop(): void {
    this.disarmTimer();
    this.clock.clearTimer(this.gapTimer);
    for (const { done } of this.sequencer.clear()) done();
    this.last?.done();
    this.last = undefined;
  }

  /** Does a step. If it throws, the stream ends with a failure: text must not get lost in silence. */
  private run(step: () => void): void {
    if (this.hasEnded) return;
    try {
      step();
    } catch (thrown) {
      this.fail(toFailure(thrown, "invalid_request"));
    }
  }

  /** Sends everything that is held, then a last message with the failure. */
  private fail(failure: Failure): void {
    const { newest, unfinished } = this;
    if (!newest) throw failure;
    this.sendHeld();
    Object.assign(failure, { partial: this.sentText.toString(), phase: "streaming" });
    const last = this.createMessage(newest.message, "");
    last.parts!.count = this.nextIndex;
    newest.send({ ...last, complete: true, finishReason: "error", usage: null, error: failure.toJSON() });
    this.end({ complete: true });
    this.listener.onFailure(failure, last, unfinished?.done);
  }

  private end(last: Message): void {
    this.hasEnded = true;
    this.last = this.unfinished = undefined;
    this.disarmTimer();
    this.listener.onEnd(last);
  }

  private acceptDue(): void {
    for (let next = this.sequencer.take(); next; next = this.sequencer.take()) this.accept(next);
    if (this.sequencer.earlyCount > 0) return;
    this.clock.clearTimer(this.gapTimer);
    this.gapTimer = undefined;
  }

  /** Continues without missing messages. Their indexes stay unused, so nodes further on notice the gap. */
  private skipGap(): void {
    this.clock.clearTimer(this.gapTimer);
    this.gapTimer = undefined;
    this.sendHeld();
    this.nextIndex += this.sequencer.skipGap();
    this.acceptDue();
    if (this.sequencer.earlyCount > 0) this.awaitMissing();
  }

  /** Waits for the next message. Each that is missing has a time of its own. */
  private awaitMissing(): void {
    if (this.gapTimer !== undefined) return;
    const { next } = this.sequencer;
    const look = () => {
      this.gapTimer = undefined;
      if (this.sequencer.next === next) this.skipGap();
      else if (this.sequencer.earlyCount > 0) this.awaitMissing();
    };
    this.gapTimer = this.clock.setTimer(() => this.run(look), MAX_STRAGGLER_WAIT_MS);
  }

  private accept(buffered: BufferedMessage): void {
    const { message, done } = buffered;
    this.newest = this.unfinished = buffered;
    const isLast = isLastMessage(message);
    const text = requirePayloadText(message);
    if (isLast) this.addPiece(text, undefined);
    else {
      this.partials.add(text.length, message.partial);
      this.addPiece(text, message.chunk);
      this.unfinished = undefined;
      done();
      this.armTimer();
      return;
    }
    this.pacer?.end();
    if (this.pacer?.isHolding) {
      this.last = buffered;
      this.armTimer();
    } else this.finish(buffered);
  }

  /** @throws Failure `invalid_request` if the chunk cannot be copied. Its text is added all the same. */
  private addPiece(text: string, value: unknown): void {
    const target = this.pacer ?? this.buffer;
    try {
      const chunk = readChunk(value);
      if (text !== "" || chunk) this.send(target.add(chunk ? { text, chunk } : { text }));
    } catch (thrown) {
      this.send(target.add({ text }));
      const problem = `A chunk of the stream cannot be copied: ${readReason(thrown)}. Leave msg.chunk as the chat-stream sends it.`;
      throw new Failure("invalid_request", problem);
    }
  }

  /** Sends everything that is held, then the last message. */
  private finish({ message, send, done }: BufferedMessage): void {
    this.sendHeld();
    const last = this.createMessage(message, "");
    last.parts!.count = this.nextIndex;
    send({ ...copyReadable(message), ...last });
    this.end(message);
    done();
  }

  private sendHeld(): void {
    this.send([...(this.pacer?.flush() ?? []), ...this.buffer.flush()]);
  }

  private send(pieces: readonly Piece[]): void {
    if (pieces.length === 0) return;
    // The wait was for text that leaves now. The text that stays starts its own.
    this.disarmTimer();
    const { message, send } = this.newest!;
    for (const { text, chunk } of pieces) {
      const outgoing = this.createMessage(message, text);
      if (chunk) outgoing.chunk = chunk;
      this.sentText.append(text);
      const partial = this.partials.take(text.length);
      if (partial !== undefined) outgoing.partial = partial;
      send(outgoing);
    }
  }

  private createMessage(source: Message, payload: string): Message {
    const message = dropStreamProperties(source);
    const { count: _count, parts: _outer, ...parts } = source.parts!;
    parts.index = this.nextIndex++;
    message.parts = message.parts ? Object.assign(parts, { parts: message.parts }) : parts;
    message.payload = payload;
    return message;
  }

  private armTimer(): void {
    if (this.pacer) {
      const { waitMs: wait } = this.pacer;
      if (wait === undefined || this.timerKind) return;
      this.lastTickAt = this.clock.now();
      this.setTimer("pace", wait, this.sendNextWords);
    } else if (this.buffer.hasDue) {
      this.disarmTimer();
      this.setTimer("tail", TAIL_WAIT_MS, this.sendDue);
    } else if (this.buffer.isHolding && this.options.holdMs > 0 && !this.timerKind) {
      this.setTimer("hold", this.options.holdMs, this.releaseHeld);
    }
  }

  private setTimer(kind: "tail" | "hold" | "pace", milliseconds: number, callback: () => void): void {
    this.timerKind = kind;
    this.timer = this.clock.setTimer(() => {
      this.timerKind = undefined;
      this.run(callback);
    }, milliseconds);
  }

  private disarmTimer(): void {
    if (this.timerKind) this.clock.clearTimer(this.timer);
    this.timerKind = undefined;
  }

  private readonly releaseHeld = (): void => {
    this.send(this.buffer.markDue());
    this.armTimer();
  };

  /** Sets no timer for the rest: it waits for the next piece. */
  private readonly sendDue = (): void => {
    this.send(this.buffer.takeDue());
  };

  private readonly sendNextWords = (): void => {
    const pacer = this.pacer!;
    this.send(pacer.advance(this.clock.now() - this.lastTickAt));
    if (this.last && !pacer.isHolding) this.finish(this.last);
    else this.armTimer();
  };
}
