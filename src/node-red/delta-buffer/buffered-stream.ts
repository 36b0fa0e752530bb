import { readChunk } from "../../core/chat/chunk-guard.js";
import type { Clock } from "../../core/clock.js";
import { type BufferRules, DeltaBuffer } from "../../core/text/delta-buffer.js";
import type { Piece } from "../../core/text/held-piece.js";
import { Pacer } from "../../core/text/pacer.js";
import { dropStreamProperties } from "../messages/inherited-properties.js";
import { MAX_STRAGGLER_WAIT_MS } from "../messages/open-streams.js";
import { type Sequenced, Sequencer } from "../messages/sequencer.js";
import { isLastMessage, mayBeRestartNotice, readPayloadText } from "../messages/stream-message.js";
import type { Done, Message, Send } from "../red/api.js";
import { copyReadable } from "../red/message-copy.js";

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

/** A message with the functions of its input. */
interface BufferedMessage extends Sequenced {
  message: Message;
  send: Send;
  done: Done;
}

/** A value of `msg.partial` that has not been sent yet. */
interface PendingPartial {
  /** Characters that had arrived with it. */
  length: number;
  value: unknown;
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
  private readonly sequencer: Sequencer<BufferedMessage>;
  private nextIndex: number;
  private receivedChars = 0;
  private sentChars = 0;
  /** Values of `msg.partial` whose text has not been sent yet, oldest first. */
  private readonly partials: PendingPartial[] = [];
  private gapTimer: unknown;
  private timer: unknown;
  private timerKind: "tail" | "hold" | "pace" | undefined;
  private lastTickAt = 0;

  /**
   * @param onEnd called when the last message has been sent
   * @param start where the stream continues, if it was suspended
   */
  constructor(
    private readonly options: StreamRules,
    private readonly clock: Clock,
    private readonly onEnd: () => void,
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
    this.sequencer.add({ parts: message.parts!, message, send, done })?.done();
    this.acceptDue();
    if (this.sequencer.isOverfull) this.skipGap();
    else if (this.sequencer.earlyCount > 0) this.awaitMissing();
  }

  /** Sends everything that is held, without waiting for missing messages. */
  flush(): void {
    while (this.sequencer.earlyCount > 0) this.skipGap();
    this.sendHeld();
    if (this.last) this.finish(this.last);
  }

  /** Drops everything that is held. The stream sends nothing afterwards. */
  drop(): void {
    this.disarmTimer();
    this.clock.clearTimer(this.gapTimer);
    for (const { done } of this.sequencer.clear()) done();
    this.last?.done();
    this.last = undefined;
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
    this.gapTimer = this.clock.setTimer(() => {
      this.gapTimer = undefined;
      if (this.sequencer.next === next) this.skipGap();
      else if (this.sequencer.earlyCount > 0) this.awaitMissing();
    }, MAX_STRAGGLER_WAIT_MS);
  }

  private accept(buffered: BufferedMessage): void {
    const { message, done } = buffered;
    this.newest = buffered;
    const isLast = isLastMessage(message);
    const text = readPayloadText(message);
    const chunk = isLast ? undefined : readChunk(message.chunk);
    this.receivedChars += text.length;
    if (message.partial !== undefined && !isLast) {
      this.partials.push({ length: this.receivedChars, value: message.partial });
    }
    if (text !== "" || chunk) this.send((this.pacer ?? this.buffer).add(chunk ? { text, chunk } : { text }));
    if (!isLast) {
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

  /** Sends everything that is held, then the last message. */
  private finish({ message, send, done }: BufferedMessage): void {
    this.last = undefined;
    this.sendHeld();
    const last = this.createMessage(message, "");
    last.parts!.count = this.nextIndex;
    send({ ...copyReadable(message), ...last });
    this.disarmTimer();
    this.onEnd();
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
      this.sentChars += text.length;
      const partial = this.takePartial();
      if (partial) outgoing.partial = partial.value;
      send(outgoing);
    }
  }

  /** Takes the newest partial value whose text has been sent. The value never shows more than the text so far. */
  private takePartial(): PendingPartial | undefined {
    // Called for each message, and most streams have no partial values.
    if (this.partials.length === 0) return undefined;
    let sent = 0;
    while (sent < this.partials.length && this.partials[sent]!.length <= this.sentChars) sent++;
    return this.partials.splice(0, sent).at(-1);
  }

  private createMessage(source: Message, payload: string): Message {
    const message = dropStreamProperties(source);
    const { index: _index, count: _count, parts: _outer, ...parts } = source.parts!;
    const outer = message.parts;
    message.payload = payload;
    message.parts = { ...parts, index: this.nextIndex++, ...(outer ? { parts: outer } : {}) };
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
      callback();
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
