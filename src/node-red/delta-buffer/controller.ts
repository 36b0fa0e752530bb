import type { Clock } from "../../core/clock.js";
import type { Failure } from "../../core/failure.js";
import { RecentMap } from "../../core/lifecycle/recent-map.js";
import { type SessionEnd, Sessions } from "../../core/lifecycle/sessions.js";
import type { Boundary } from "../../core/text/boundary-finder.js";
import { systemClock } from "../../transport/system-clock.js";
import { OrphanWatch } from "../messages/closed-streams.js";
import { findTargetStreams, readControl, resetStreams } from "../messages/control.js";
import {
  endStream,
  findOrOpenStream,
  MAX_OPEN_STREAMS,
  MAX_STRAGGLER_WAIT_MS,
  STREAM_EXPIRY_MS,
  type StreamOpener,
} from "../messages/open-streams.js";
import { createRestartNotice, isRestartNotice, type StreamMessage } from "../messages/stream-message.js";
import type { Done, Message, NodeConfig, NodeRed, RuntimeNode, Send } from "../red/api.js";
import { NodeHost } from "../red/host.js";
import { readStreamId } from "../red/names.js";
import { readPositiveNumber } from "../red/settings.js";
import { StatusLine } from "../red/status-line.js";
import { BufferedStream, type StreamPosition, type StreamRules } from "./buffered-stream.js";

/** A delta-buffer's properties in a flow file. An empty number or 0 turns its rule off. */
export interface DeltaBufferConfig extends NodeConfig {
  /** Send after this many pieces. */
  count?: number | string;
  /** Send after this many milliseconds. */
  milliseconds?: number | string;
  /** Send at this many characters. */
  characters?: number | string;
  /** Send whole words, sentences, lines or paragraphs only. */
  boundary?: Boundary;
  /** Whether to send words at an even pace instead of by the rules. */
  smooth?: boolean;
  /** Words per second, if `smooth` is set. */
  pace?: number | string;
}

const DEFAULT_WORDS_PER_SECOND = 12;

/** How long text is held if no rule is set. */
const DEFAULT_HOLD_MS = 50;

const BOUNDARIES: ReadonlySet<unknown> = new Set(["word", "sentence", "line", "paragraph"]);

/** Suspended streams whose position is remembered: as many as a chat-stream may have at once. */
const MAX_SUSPENDED = 10_000;

/** The runtime half of a delta-buffer node: merges the messages of each stream by the node's rules. */
export class DeltaBufferController {
  private readonly host: NodeHost;
  private readonly sessions: Sessions<BufferedStream>;
  private readonly opener: StreamOpener<BufferedStream>;
  /** Of the newest message. */
  private send: Send = () => {};
  private readonly orphans: OrphanWatch;
  private readonly status: StatusLine;
  private readonly rules: StreamRules;
  /**
   * Positions of streams that were closed because they were silent for long or because too many were open. Nothing of
   * them is held; if one continues, its messages go on from there.
   */
  private readonly suspended = new RecentMap<StreamPosition>(MAX_SUSPENDED);

  constructor(
    private readonly red: NodeRed,
    node: RuntimeNode,
    config: DeltaBufferConfig,
    clock: Clock = systemClock,
  ) {
    this.host = new NodeHost(red, node, clock);
    this.rules = readRules(config);
    this.sessions = new Sessions({
      maxOpen: MAX_OPEN_STREAMS,
      expiryMs: STREAM_EXPIRY_MS,
      clock: this.host.clock,
      // Not `expired`, `orphaned` and `overflow`: such a stream may continue.
      rememberedEnds: ["finished", "cancelled"],
      onEnd: (stream, reason, id) => this.handleSessionEnd(stream, reason, id),
    });
    // Soon: the nodes behind this one wait longer for the text that is held here.
    this.orphans = new OrphanWatch(this.host.clock, this.sessions, MAX_STRAGGLER_WAIT_MS);
    this.opener = {
      sessions: this.sessions,
      action: "delta-buffer merges",
      create: this.createStream,
      // The nodes behind this one have the stream's beginning and must forget it too.
      onRestart: (message) => this.send(createRestartNotice(message as StreamMessage)),
    };
    this.status = new StatusLine(node);
  }

  input(message: Message, send: Send, done: Done): void {
    if (this.handleControl(message, send)) {
      done();
      return;
    }
    this.send = send;
    const stream = findOrOpenStream(this.opener, message);
    if (!stream || isRestartNotice(message)) {
      done();
      return;
    }
    stream.add(message, send, done);
    this.showStatus();
  }

  /** Drops all text that is held. If it were sent now, it would reach the newly deployed flow. */
  close(): void {
    this.orphans.close();
    this.sessions.endAll("closed");
    this.status.close();
  }

  private readonly createStream = (id: string, restarts: number): BufferedStream => {
    const onEnd = (last: Message) => {
      endStream(this.sessions, id, last);
      this.showStatus();
    };
    const position = this.suspended.get(id);
    this.suspended.delete(id);
    const start = position?.restarts === restarts ? position : { next: 0, index: 0, restarts };
    const onFailure = (failure: Failure, message: Message, done: Done | undefined) => {
      if (done) this.host.finish(done, failure);
      else this.host.report(failure, message);
    };
    return new BufferedStream(this.rules, this.host.clock, { onEnd, onFailure }, start);
  };

  /** @returns whether the message is a control message */
  private handleControl(message: Message, send: Send): boolean {
    if (Object.hasOwn(message, "flush")) {
      for (const stream of findTargetStreams(this.sessions, message)) stream.flush();
      return true;
    }
    if (readControl(message)?.reset) {
      resetStreams(this.sessions, message);
      const id = readStreamId(message);
      if (id === undefined) this.suspended.clear();
      else this.suspended.delete(id);
      // The nodes behind this one have the stream's beginning and must forget it too.
      send({ ...message });
      this.showStatus();
      return true;
    }
    // Ignored: a cancelled stream ends by itself, with a last message that is still to come.
    return Object.hasOwn(message, "cancel");
  }

  private handleSessionEnd(stream: BufferedStream, reason: SessionEnd, id: string): void {
    if (reason === "expired" || reason === "orphaned" || reason === "overflow") {
      stream.flush();
      this.suspended.set(id, stream.position);
    }
    stream.drop();
    this.showStatus();
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

/** Reads the rules from the settings and fills in the defaults. */
function readRules(config: DeltaBufferConfig): StreamRules {
  const rules = {
    count: readPositiveNumber(config.count, 0),
    characters: readPositiveNumber(config.characters, 0),
    boundary: BOUNDARIES.has(config.boundary) ? config.boundary! : "none",
  };
  const hasNoRule = rules.count === 0 && rules.characters === 0 && rules.boundary === "none";
  return {
    rules,
    holdMs: readPositiveNumber(config.milliseconds, hasNoRule ? DEFAULT_HOLD_MS : 0),
    wordsPerSecond: config.smooth ? readPositiveNumber(config.pace, DEFAULT_WORDS_PER_SECOND) : undefined,
  };
}
