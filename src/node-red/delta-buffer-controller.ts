import type { Boundary } from "../core/boundary.js";
import { type BufferRules, DeltaBuffer, type Piece } from "../core/delta-buffer.js";
import { Failure } from "../core/failure.js";
import { Pacer } from "../core/pacer.js";
import { readChunk } from "../core/read-chunk.js";
import { type SessionEnd, Sessions } from "../core/sessions.js";
import { systemClock } from "../transport/system-clock.js";
import { carried } from "./message.js";
import type { Done, Message, NodeConfig, NodeRed, RuntimeNode, Send } from "./red.js";
import { StatusLine } from "./status.js";

/** A delta-buffer as it stands in a flow file. */
export interface DeltaBufferConfig extends NodeConfig {
  /** Pieces; empty or 0: this rule is off. */
  count?: number | string;
  milliseconds?: number | string;
  characters?: number | string;
  boundary?: Boundary;
  /** Even pace instead: words, `pace` of them a second. */
  smooth?: boolean;
  pace?: number | string;
}

const DEFAULT_PACE = 12;

/** How often an even pace gives out what is due; milliseconds. */
const TICK = 40;

/** Streams that may be open. */
const MOST_STREAMS = 1000;

/** A stream of which nothing has come for so long is let go, with what is held; milliseconds. */
const EXPIRY = 900_000;

/** A stream that passes through. */
interface Buffered {
  id: string;
  buffer: DeltaBuffer;
  pacer: Pacer | undefined;
  /** The newest message: what rides along comes from it. */
  newest: Message;
  index: number;
  timer: unknown;
  ticked: number;
  /** The last message, while the pacer still has text that goes before it. */
  last: { message: Message; done: Done } | undefined;
  send: Send;
}

/** What a delta-buffer node does. */
export class DeltaBufferController {
  private readonly sessions: Sessions<Buffered>;
  private readonly status: StatusLine;
  private readonly rules: BufferRules;
  private readonly milliseconds: number;
  private readonly pace: number;

  constructor(
    private readonly red: NodeRed,
    node: RuntimeNode,
    private readonly config: DeltaBufferConfig,
  ) {
    this.rules = {
      count: whole(config.count),
      characters: whole(config.characters),
      boundary: config.boundary ?? "none",
    };
    this.milliseconds = whole(config.milliseconds);
    this.pace = whole(config.pace) || DEFAULT_PACE;
    this.sessions = new Sessions({
      most: MOST_STREAMS,
      expiry: EXPIRY,
      clock: systemClock,
      onEnd: (stream, reason) => this.ended(stream, reason),
    });
    this.status = new StatusLine(node);
  }

  input(message: Message, send: Send, done: Done): void {
    if (this.control(message, send)) {
      done();
      return;
    }
    const id = message.parts?.id;
    if (typeof id !== "string") {
      throw new Failure(
        "configuration",
        "delta-buffer merges the messages of a stream, which have msg.parts. Wire it behind a chat-stream.",
      );
    }
    const stream = this.streamOf(id, message, send);
    if (message.complete === true || message.parts!.count !== undefined) {
      this.last(stream, message, done);
      return;
    }
    this.take(stream, message);
    done();
  }

  /** What is held is let go: sent now, it would reach the flow that comes after. */
  close(): void {
    this.sessions.endAll("closed");
    this.status.close();
  }

  private streamOf(id: string, message: Message, send: Send): Buffered {
    let stream = this.sessions.get(id);
    if (!stream) {
      stream = {
        id,
        buffer: new DeltaBuffer(this.rules),
        pacer: this.config.smooth ? new Pacer(this.pace) : undefined,
        newest: message,
        index: 0,
        timer: undefined,
        ticked: 0,
        last: undefined,
        send,
      };
      this.sessions.open(id, stream);
    }
    stream.newest = message;
    stream.send = send;
    return stream;
  }

  private take(stream: Buffered, message: Message): void {
    const text = typeof message.payload === "string" ? message.payload : String(message.payload ?? "");
    const chunk = readChunk(message.chunk);
    const { pacer } = stream;
    if (pacer) {
      if (chunk) this.emit(stream, [...drained(pacer), { text, chunk }]);
      else {
        pacer.push(text);
        this.tick(stream);
      }
      return;
    }
    if (text === "" && !chunk) return;
    this.emit(stream, stream.buffer.add(chunk ? { text, chunk } : { text }));
    if (this.milliseconds > 0 && stream.buffer.holding) {
      stream.timer ??= systemClock.setTimer(() => this.due(stream), this.milliseconds);
    }
    this.show();
  }

  private due(stream: Buffered): void {
    stream.timer = undefined;
    this.emit(stream, stream.buffer.release());
  }

  /** Gives out what is due at an even pace, and looks again in a moment. */
  private tick(stream: Buffered): void {
    if (stream.timer !== undefined) return;
    stream.ticked = systemClock.now();
    stream.timer = systemClock.setTimer(() => {
      stream.timer = undefined;
      const text = stream.pacer!.take(systemClock.now() - stream.ticked);
      if (text !== "") this.emit(stream, [{ text }]);
      if (!stream.pacer!.empty) this.tick(stream);
      else if (stream.last) this.finish(stream);
    }, TICK);
  }

  private last(stream: Buffered, message: Message, done: Done): void {
    const text = typeof message.payload === "string" ? message.payload : "";
    if (text !== "") this.take(stream, { ...message, chunk: undefined });
    stream.last = { message, done };
    stream.pacer?.end();
    if (stream.pacer && !stream.pacer.empty) {
      this.tick(stream);
      return;
    }
    this.finish(stream);
  }

  /** Everything that is held, then the last message in its new place. */
  private finish(stream: Buffered): void {
    const { message, done } = stream.last!;
    stream.last = undefined;
    this.emit(stream, [...(stream.pacer ? drained(stream.pacer) : []), ...stream.buffer.flush()]);
    const parts = { ...message.parts!, index: stream.index, count: stream.index + 1 };
    stream.send({ ...message, payload: "", parts });
    this.sessions.end(stream.id, "finished");
    this.show();
    done();
  }

  private emit(stream: Buffered, pieces: readonly Piece[]): void {
    for (const { text, chunk } of pieces) {
      const message: Message = {
        ...carried(stream.newest),
        payload: text,
        parts: { ...stream.newest.parts!, index: stream.index++ },
      };
      if (chunk) message.chunk = chunk;
      stream.send(message);
    }
    if (stream.timer !== undefined && !stream.pacer && !stream.buffer.holding) {
      systemClock.clearTimer(stream.timer);
      stream.timer = undefined;
    }
  }

  /** @returns whether the message was one */
  private control(message: Message, send: Send): boolean {
    const id = message.parts?.id;
    const which = this.sessions.list().filter((stream) => id === undefined || stream.id === id);
    if (Object.hasOwn(message, "flush")) {
      for (const stream of which) {
        this.emit(stream, [...(stream.pacer ? drained(stream.pacer) : []), ...stream.buffer.flush()]);
        if (stream.last) this.finish(stream);
      }
      return true;
    }
    if (Object.hasOwn(message, "cancel")) return true;
    if (!Object.hasOwn(message, "reset")) return false;
    for (const stream of which) this.sessions.end(stream.id, "cancelled");
    // A stream that begins again has readers further on that must forget it too.
    if (id !== undefined) send(message);
    this.show();
    return true;
  }

  private ended(stream: Buffered, reason: SessionEnd): void {
    if (reason === "expired" || reason === "overflow") this.emit(stream, stream.buffer.flush());
    systemClock.clearTimer(stream.timer);
    stream.last?.done();
    stream.last = undefined;
  }

  private show(): void {
    this.status.show(() =>
      this.sessions.size === 0
        ? {}
        : {
            fill: "blue",
            shape: "dot",
            text: this.red._("delta-buffer.status.open", { count: this.sessions.size }),
          },
    );
  }
}

function drained(pacer: Pacer): Piece[] {
  const text = pacer.drain();
  return text === "" ? [] : [{ text }];
}

function whole(value: unknown): number {
  const number = Number(value);
  return Number.isFinite(number) && number > 0 ? number : 0;
}
