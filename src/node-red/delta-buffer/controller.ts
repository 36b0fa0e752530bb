import type { Clock } from "../../core/clock.js";
import { RecentMap } from "../../core/lifecycle/recent-map.js";
import { type SessionEnd, Sessions } from "../../core/lifecycle/sessions.js";
import type { Boundary } from "../../core/text/boundary-finder.js";
import { systemClock } from "../../transport/system-clock.js";
import { findTargetStreams, resetStreams } from "../messages/control.js";
import { requireStreamId } from "../messages/stream-message.js";
import type { Done, Message, NodeConfig, NodeRed, RuntimeNode, Send } from "../red/api.js";
import { readPositiveNumber } from "../red/number-setting.js";
import { StatusLine } from "../red/status-line.js";
import { BufferedStream, type StreamPosition, type StreamRules } from "./buffered-stream.js";

/** A delta-buffer as it stands in a flow file. Numbers: empty or 0, the rule is off. */
export interface DeltaBufferConfig extends NodeConfig {
  /** Pieces. */
  count?: number | string;
  milliseconds?: number | string;
  characters?: number | string;
  boundary?: Boundary;
  /** Instead of the rules: an even pace of `pace` words a second. */
  smooth?: boolean;
  pace?: number | string;
}

const DEFAULT_WORDS_PER_SECOND = 12;

/** Where no rule is set at all; milliseconds. */
const DEFAULT_HOLD_MS = 50;

const BOUNDARIES: ReadonlySet<unknown> = new Set(["word", "sentence", "line", "paragraph"]);

/** Streams that may be open. */
const MAX_OPEN_STREAMS = 1000;

/** A stream of which nothing has come for so long is sent as far as it is, and left; milliseconds. */
const STREAM_EXPIRY_MS = 900_000;

/** Streams that were left and may go on: as many as a chat-stream may have at once. */
const MAX_SUSPENDED = 10_000;

/** What a delta-buffer node does. */
export class DeltaBufferController {
  private readonly sessions: Sessions<BufferedStream>;
  private readonly status: StatusLine;
  private readonly rules: StreamRules;
  /** How far those had come that were left, one too many or silent for long: of these nothing is held. */
  private readonly suspended = new RecentMap<StreamPosition>(MAX_SUSPENDED);

  constructor(
    private readonly red: NodeRed,
    node: RuntimeNode,
    config: DeltaBufferConfig,
    private readonly clock: Clock = systemClock,
  ) {
    this.rules = readRules(config);
    this.sessions = new Sessions({
      most: MAX_OPEN_STREAMS,
      expiry: STREAM_EXPIRY_MS,
      clock,
      // A stream that was given up may go on.
      remember: ["finished", "cancelled"],
      onEnd: (stream, reason, id) => this.onSessionEnd(stream, reason, id),
    });
    this.status = new StatusLine(node);
  }

  input(message: Message, send: Send, done: Done): void {
    if (this.handleControl(message, send)) {
      done();
      return;
    }
    const id = requireStreamId(message, "delta-buffer merges");
    if (this.sessions.isOver(id)) {
      done();
      return;
    }
    this.streamOf(id).add(message, send, done);
    this.showStatus();
  }

  /** What is held is let go: sent now, it would reach the flow that comes after. */
  close(): void {
    this.sessions.endAll("closed");
    this.status.close();
  }

  private streamOf(id: string): BufferedStream {
    const open = this.sessions.get(id);
    if (open) return open;
    const finished = () => {
      this.sessions.end(id, "finished");
      this.showStatus();
    };
    const stream = new BufferedStream(this.rules, this.clock, finished, this.suspended.get(id));
    this.suspended.delete(id);
    this.sessions.open(id, stream);
    return stream;
  }

  /** @returns whether the message was one */
  private handleControl(message: Message, send: Send): boolean {
    if (Object.hasOwn(message, "flush")) {
      for (const stream of findTargetStreams(this.sessions, message)) stream.flush();
      return true;
    }
    if (Object.hasOwn(message, "reset")) {
      resetStreams(this.sessions, message);
      if (message.parts?.id === undefined) this.suspended.clear();
      else this.suspended.delete(message.parts.id);
      // What is forgotten here has readers further on who have its beginning.
      send({ ...message });
      this.showStatus();
      return true;
    }
    // A cancelled stream ends by itself, with a last message that is still to come.
    return Object.hasOwn(message, "cancel");
  }

  private onSessionEnd(stream: BufferedStream, reason: SessionEnd, id: string): void {
    if (reason === "expired" || reason === "overflow") {
      stream.flush();
      this.suspended.set(id, stream.position);
    }
    stream.drop();
  }

  private showStatus(): void {
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

function readRules(config: DeltaBufferConfig): StreamRules {
  const rules = {
    count: readPositiveNumber(config.count, 0),
    characters: readPositiveNumber(config.characters, 0),
    boundary: BOUNDARIES.has(config.boundary) ? config.boundary! : "none",
  };
  const none = rules.count === 0 && rules.characters === 0 && rules.boundary === "none";
  return {
    rules,
    holdMs: readPositiveNumber(config.milliseconds, none ? DEFAULT_HOLD_MS : 0),
    wordsPerSecond: config.smooth ? readPositiveNumber(config.pace, DEFAULT_WORDS_PER_SECOND) : undefined,
  };
}
