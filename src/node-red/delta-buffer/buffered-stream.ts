import { readChunk } from "../../core/chat/chunk-guard.js";
import type { Clock } from "../../core/clock.js";
import { type BufferRules, DeltaBuffer } from "../../core/text/delta-buffer.js";
import type { Piece } from "../../core/text/held-piece.js";
import { Pacer } from "../../core/text/pacer.js";
import { dropStreamProperties } from "../messages/inherited-properties.js";
import { type Sequenced, Sequencer } from "../messages/sequencer.js";
import { isLastMessage, readPayloadText } from "../messages/stream-message.js";
import type { Done, Message, Send } from "../red/api.js";

/** What is due waits so long for the piece behind it, which says where the last character ends; milliseconds. */
const TAIL_WAIT_MS = 10;

/** So long a message waits for one before it that a node on the way may have delayed; milliseconds. */
const MAX_GAP_WAIT_MS = 2000;

export interface StreamRules {
  rules: Readonly<BufferRules>;
  /** Held no longer than this; 0: no such rule. */
  holdMs: number;
  /** Words per second, instead of all other rules. */
  wordsPerSecond: number | undefined;
}

interface BufferedMessage extends Sequenced {
  message: Message;
  send: Send;
  done: Done;
}

/** What `msg.partial` said when so much of the text had come. */
interface PendingPartial {
  length: number;
  value: unknown;
}

/** How far a stream has come: its next place in, and the next out. */
export interface StreamPosition {
  next: number;
  index: number;
}

/** One stream on its way through a delta-buffer: in order, merged or paced, with places of its own. */
export class BufferedStream {
  private readonly buffer: DeltaBuffer;
  private readonly pacer: Pacer | undefined;
  /** The newest message: what rides along comes from it. */
  private newest: BufferedMessage | undefined;
  /** The last message, while there is text that goes before it. */
  private last: BufferedMessage | undefined;
  private readonly sequencer: Sequencer<BufferedMessage>;
  private nextIndex: number;
  /** Characters of text that have come, and that have gone. */
  private receivedChars = 0;
  private sentChars = 0;
  /** Those whose text has not gone yet, oldest first. */
  private readonly partials: PendingPartial[] = [];
  private gapTimer: unknown;
  private timer: unknown;
  private timerKind: "grace" | "rule" | "pace" | undefined;
  private lastTickAt = 0;

  /**
   * @param onEnd called when the last message has gone
   * @param start where it goes on, if it has been here before
   */
  constructor(
    private readonly options: StreamRules,
    private readonly clock: Clock,
    private readonly onEnd: () => void,
    start: StreamPosition = { next: 0, index: 0 },
  ) {
    this.sequencer = new Sequencer(start.next);
    this.nextIndex = start.index;
    this.buffer = new DeltaBuffer(options.rules);
    this.pacer = options.wordsPerSecond === undefined ? undefined : new Pacer(options.wordsPerSecond);
  }

  get position(): StreamPosition {
    return { next: this.sequencer.next, index: this.nextIndex };
  }

  /** Takes a message that has a place. `done` is called once it is taken up, the last one's once it has gone. */
  add(message: Message, send: Send, done: Done): void {
    this.sequencer.add({ parts: message.parts!, message, send, done })?.done();
    this.acceptDue();
    if (this.sequencer.isOverfull) this.skipGap();
    else if (this.sequencer.earlyCount > 0)
      this.gapTimer ??= this.clock.setTimer(() => this.skipGap(), MAX_GAP_WAIT_MS);
  }

  /** Sends everything that is held. */
  flush(): void {
    while (this.sequencer.earlyCount > 0) this.skipGap();
    this.send([...(this.pacer?.flush() ?? []), ...this.buffer.flush()]);
    if (this.last) this.finish(this.last);
  }

  /** Lets go of everything; nothing is sent from here on. */
  drop(): void {
    this.disarmTimer();
    this.clock.clearTimer(this.gapTimer);
    for (const { done } of this.sequencer.clear()) done();
    this.last?.done();
    this.last = undefined;
  }

  private acceptDue(): void {
    for (let entry = this.sequencer.take(); entry; entry = this.sequencer.take()) this.accept(entry);
    if (this.sequencer.earlyCount > 0) return;
    this.clock.clearTimer(this.gapTimer);
    this.gapTimer = undefined;
  }

  /** Goes on without what is missing. Its places stay empty, so that whoever reads the stream hears of it. */
  private skipGap(): void {
    this.clock.clearTimer(this.gapTimer);
    this.gapTimer = undefined;
    this.send([...(this.pacer?.flush() ?? []), ...this.buffer.flush()]);
    this.nextIndex += this.sequencer.skipGap();
    this.acceptDue();
    if (this.sequencer.earlyCount > 0)
      this.gapTimer = this.clock.setTimer(() => this.skipGap(), MAX_GAP_WAIT_MS);
  }

  private accept(entry: BufferedMessage): void {
    const { message, done } = entry;
    this.newest = entry;
    const ends = isLastMessage(message);
    const text = readPayloadText(message);
    const chunk = ends ? undefined : readChunk(message.chunk);
    this.receivedChars += text.length;
    if (message.partial !== undefined && !ends) {
      this.partials.push({ length: this.receivedChars, value: message.partial });
    }
    if (text !== "" || chunk) this.send((this.pacer ?? this.buffer).add(chunk ? { text, chunk } : { text }));
    if (!ends) {
      done();
      this.armTimer();
      return;
    }
    this.pacer?.end();
    if (this.pacer?.holding) {
      this.last = entry;
      this.armTimer();
    } else this.finish(entry);
  }

  /** Everything that is held, then the last message in its new place. */
  private finish(entry: BufferedMessage): void {
    this.last = undefined;
    this.send([...(this.pacer?.flush() ?? []), ...this.buffer.flush()]);
    const { message, send, done } = entry;
    const composed = this.createMessage(message, "");
    composed.parts!.count = this.nextIndex;
    send({ ...message, ...composed });
    this.disarmTimer();
    this.onEnd();
    done();
  }

  private send(pieces: readonly Piece[]): void {
    if (pieces.length === 0) return;
    // What is left was not there when the wait began.
    this.disarmTimer();
    const { message, send } = this.newest!;
    for (const { text, chunk } of pieces) {
      const composed = this.createMessage(message, text);
      if (chunk) composed.chunk = chunk;
      this.sentChars += text.length;
      const partial = this.takePartial();
      if (partial) composed.partial = partial.value;
      send(composed);
    }
  }

  /** The newest whose text has gone: never is a reader shown more than he has been told. */
  private takePartial(): PendingPartial | undefined {
    // Most streams have none, and this is asked for each message.
    if (this.partials.length === 0) return undefined;
    let gone = 0;
    while (gone < this.partials.length && this.partials[gone]!.length <= this.sentChars) gone++;
    return this.partials.splice(0, gone).at(-1);
  }

  private createMessage(message: Message, payload: string): Message {
    const composed = dropStreamProperties(message);
    const { index: _index, count: _count, parts: _outer, ...parts } = message.parts!;
    const outer = composed.parts;
    composed.payload = payload;
    composed.parts = { ...parts, index: this.nextIndex++, ...(outer ? { parts: outer } : {}) };
    return composed;
  }

  private armTimer(): void {
    if (this.pacer) {
      const { wait } = this.pacer;
      if (wait === undefined || this.timerKind) return;
      this.lastTickAt = this.clock.now();
      this.setTimer("pace", wait, this.sendNextWords);
    } else if (this.buffer.owing) {
      this.disarmTimer();
      this.setTimer("grace", TAIL_WAIT_MS, this.sendDue);
    } else if (this.buffer.holding && this.options.holdMs > 0 && !this.timerKind) {
      this.setTimer("rule", this.options.holdMs, this.releaseHeld);
    }
  }

  private setTimer(armed: "grace" | "rule" | "pace", milliseconds: number, callback: () => void): void {
    this.timerKind = armed;
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
    this.send(this.buffer.release());
    this.armTimer();
  };

  /** What it leaves waits for the next piece. */
  private readonly sendDue = (): void => {
    this.send(this.buffer.settle());
  };

  private readonly sendNextWords = (): void => {
    const pacer = this.pacer!;
    this.send(pacer.take(this.clock.now() - this.lastTickAt));
    if (this.last && !pacer.holding) this.finish(this.last);
    else this.armTimer();
  };
}
