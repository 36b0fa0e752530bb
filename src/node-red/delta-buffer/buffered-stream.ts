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
const GRACE = 10;

/** So long a message waits for one before it that a node on the way may have delayed; milliseconds. */
const GAP = 2000;

export interface StreamRules {
  rules: Readonly<BufferRules>;
  /** Held no longer than this; 0: no such rule. */
  milliseconds: number;
  /** Words per second, instead of all other rules. */
  pace: number | undefined;
}

interface Entry extends Sequenced {
  message: Message;
  send: Send;
  done: Done;
}

/** What `msg.partial` said when so much of the text had come. */
interface Partial {
  length: number;
  value: unknown;
}

/** How far a stream has come: its next place in, and the next out. */
export interface Place {
  next: number;
  index: number;
}

/** One stream on its way through a delta-buffer: in order, merged or paced, with places of its own. */
export class BufferedStream {
  private readonly buffer: DeltaBuffer;
  private readonly pacer: Pacer | undefined;
  /** The newest message: what rides along comes from it. */
  private newest: Entry | undefined;
  /** The last message, while there is text that goes before it. */
  private last: Entry | undefined;
  private readonly sequencer: Sequencer<Entry>;
  private index: number;
  /** Characters of text that have come, and that have gone. */
  private came = 0;
  private went = 0;
  /** Those whose text has not gone yet, oldest first. */
  private readonly partials: Partial[] = [];
  private gapTimer: unknown;
  private timer: unknown;
  private armed: "grace" | "rule" | "pace" | undefined;
  private ticked = 0;

  /**
   * @param onEnd called when the last message has gone
   * @param begins where it goes on, if it has been here before
   */
  constructor(
    private readonly options: StreamRules,
    private readonly clock: Clock,
    private readonly onEnd: () => void,
    begins: Place = { next: 0, index: 0 },
  ) {
    this.sequencer = new Sequencer(begins.next);
    this.index = begins.index;
    this.buffer = new DeltaBuffer(options.rules);
    this.pacer = options.pace === undefined ? undefined : new Pacer(options.pace);
  }

  get place(): Place {
    return { next: this.sequencer.next, index: this.index };
  }

  /** Takes a message that has a place. `done` is called once it is taken up, the last one's once it has gone. */
  take(message: Message, send: Send, done: Done): void {
    this.sequencer.add({ parts: message.parts!, message, send, done })?.done();
    this.takeWhatFits();
    if (this.sequencer.isOverfull) this.skip();
    else if (this.sequencer.earlyCount > 0) this.gapTimer ??= this.clock.setTimer(() => this.skip(), GAP);
  }

  /** Sends everything that is held. */
  flush(): void {
    while (this.sequencer.earlyCount > 0) this.skip();
    this.emit([...(this.pacer?.flush() ?? []), ...this.buffer.flush()]);
    if (this.last) this.finish(this.last);
  }

  /** Lets go of everything; nothing is sent from here on. */
  drop(): void {
    this.disarm();
    this.clock.clearTimer(this.gapTimer);
    for (const { done } of this.sequencer.clear()) done();
    this.last?.done();
    this.last = undefined;
  }

  private takeWhatFits(): void {
    for (let entry = this.sequencer.take(); entry; entry = this.sequencer.take()) this.accept(entry);
    if (this.sequencer.earlyCount > 0) return;
    this.clock.clearTimer(this.gapTimer);
    this.gapTimer = undefined;
  }

  /** Goes on without what is missing. Its places stay empty, so that whoever reads the stream hears of it. */
  private skip(): void {
    this.clock.clearTimer(this.gapTimer);
    this.gapTimer = undefined;
    this.emit([...(this.pacer?.flush() ?? []), ...this.buffer.flush()]);
    this.index += this.sequencer.skipGap();
    this.takeWhatFits();
    if (this.sequencer.earlyCount > 0) this.gapTimer = this.clock.setTimer(() => this.skip(), GAP);
  }

  private accept(entry: Entry): void {
    const { message, done } = entry;
    this.newest = entry;
    const ends = isLastMessage(message);
    const text = readPayloadText(message);
    const chunk = ends ? undefined : readChunk(message.chunk);
    this.came += text.length;
    if (message.partial !== undefined && !ends) {
      this.partials.push({ length: this.came, value: message.partial });
    }
    if (text !== "" || chunk) this.emit((this.pacer ?? this.buffer).add(chunk ? { text, chunk } : { text }));
    if (!ends) {
      done();
      this.arm();
      return;
    }
    this.pacer?.end();
    if (this.pacer?.holding) {
      this.last = entry;
      this.arm();
    } else this.finish(entry);
  }

  /** Everything that is held, then the last message in its new place. */
  private finish(entry: Entry): void {
    this.last = undefined;
    this.emit([...(this.pacer?.flush() ?? []), ...this.buffer.flush()]);
    const { message, send, done } = entry;
    const composed = this.compose(message, "");
    composed.parts!.count = this.index;
    send({ ...message, ...composed });
    this.disarm();
    this.onEnd();
    done();
  }

  private emit(pieces: readonly Piece[]): void {
    if (pieces.length === 0) return;
    // What is left was not there when the wait began.
    this.disarm();
    const { message, send } = this.newest!;
    for (const { text, chunk } of pieces) {
      const composed = this.compose(message, text);
      if (chunk) composed.chunk = chunk;
      this.went += text.length;
      const partial = this.takePartial();
      if (partial) composed.partial = partial.value;
      send(composed);
    }
  }

  /** The newest whose text has gone: never is a reader shown more than he has been told. */
  private takePartial(): Partial | undefined {
    // Most streams have none, and this is asked for each message.
    if (this.partials.length === 0) return undefined;
    let gone = 0;
    while (gone < this.partials.length && this.partials[gone]!.length <= this.went) gone++;
    return this.partials.splice(0, gone).at(-1);
  }

  private compose(message: Message, payload: string): Message {
    const composed = dropStreamProperties(message);
    const { index: _index, count: _count, parts: _outer, ...parts } = message.parts!;
    const outer = composed.parts;
    composed.payload = payload;
    composed.parts = { ...parts, index: this.index++, ...(outer ? { parts: outer } : {}) };
    return composed;
  }

  private arm(): void {
    if (this.pacer) {
      const { wait } = this.pacer;
      if (wait === undefined || this.armed) return;
      this.ticked = this.clock.now();
      this.set("pace", wait, this.tick);
    } else if (this.buffer.owing) {
      this.disarm();
      this.set("grace", GRACE, this.settle);
    } else if (this.buffer.holding && this.options.milliseconds > 0 && !this.armed) {
      this.set("rule", this.options.milliseconds, this.release);
    }
  }

  private set(armed: "grace" | "rule" | "pace", milliseconds: number, callback: () => void): void {
    this.armed = armed;
    this.timer = this.clock.setTimer(() => {
      this.armed = undefined;
      callback();
    }, milliseconds);
  }

  private disarm(): void {
    if (this.armed) this.clock.clearTimer(this.timer);
    this.armed = undefined;
  }

  private readonly release = (): void => {
    this.emit(this.buffer.release());
    this.arm();
  };

  /** What it leaves waits for the next piece. */
  private readonly settle = (): void => {
    this.emit(this.buffer.settle());
  };

  private readonly tick = (): void => {
    const pacer = this.pacer!;
    this.emit(pacer.take(this.clock.now() - this.ticked));
    if (this.last && !pacer.holding) this.finish(this.last);
    else this.arm();
  };
}
