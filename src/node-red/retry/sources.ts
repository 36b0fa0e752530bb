import type { Clock } from "../../core/clock.js";
import { RecentMap } from "../../core/lifecycle/recent-map.js";
import { Sessions } from "../../core/lifecycle/sessions.js";
import { OrderedStream } from "../messages/ordered-stream.js";
import { isRestartNotice, type StreamMessage } from "../messages/stream-message.js";
import type { Done, Send } from "../red/api.js";
import type { RetrySession } from "./session.js";

/** Streams that may pass at once. Of more, the one that was silent longest is no longer put in order. */
const MAX_PASSING = 20_000;

/** Ids of streams that ended lately: what still comes of them is late or came twice. */
const MAX_REMEMBERED = 10_000;

/** After a deploy, streams may arrive whose beginning went to the node's earlier life. */
const DEPLOY_OVERLAP_MS = 600_000;

/** One request's stream: its messages in order, and the reader's stream that they belong to. */
interface Source {
  readonly id: string;
  readonly session: RetrySession;
  readonly order: OrderedStream;
  /** Of the last message, while it waits for others. */
  done: Done | undefined;
}

/** The streams that arrive at a retry node, by their own ids: each in order, each message once. */
export class RetrySources {
  private readonly sources: Sessions<Source>;
  private readonly ended = new RecentMap<true>(MAX_REMEMBERED);
  private readonly startedAt: number;

  /**
   * @param expiryMs silence after which a stream is forgotten
   * @param findSession finds whose stream a new one is; undefined if nobody waits for it
   */
  constructor(
    private readonly clock: Clock,
    expiryMs: number,
    private readonly findSession: (message: StreamMessage, send: Send) => RetrySession | undefined,
  ) {
    this.startedAt = clock.now();
    this.sources = new Sessions({
      maxOpen: MAX_PASSING,
      expiryMs,
      clock,
      onEnd: (source) => this.close(source),
    });
  }

  take(message: StreamMessage, send: Send, done: Done): void {
    const { id } = message.parts;
    const source = this.sources.get(id) ?? this.open(message, send);
    if (!source) {
      done();
      return;
    }
    source.session.send = send;
    source.session.held.touch();
    if (message.complete !== true || isRestartNotice(message) || source.done) done();
    else source.done = done;
    source.order.add(message);
  }

  /** @returns the session that a stream is a part of */
  find(id: string): RetrySession | undefined {
    return this.sources.get(id)?.session;
  }

  /** Takes nothing more of a stream. */
  end(id: string): void {
    this.sources.end(id, "finished");
  }

  endAll(): void {
    this.sources.endAll("closed");
  }

  private open(message: StreamMessage, send: Send): Source | undefined {
    const { id } = message.parts;
    if (this.ended.has(id)) return undefined;
    const session = this.findSession(message, send);
    if (!session) {
      this.ended.set(id, true);
      return undefined;
    }
    // What an earlier life of the node got, and not what this one has asked for.
    const mayBeginLate = session.source === "" && this.clock.now() - this.startedAt < DEPLOY_OVERLAP_MS;
    session.source = id;
    const order = new OrderedStream(
      this.clock,
      {
        onMessage: (next) => this.pass(source, next),
        onRestart: (next) => session.handle({ type: "restarted", message: next }),
        onGap: (failure) => {
          session.handle({ type: "lost", failure });
          this.end(id);
        },
      },
      message,
      mayBeginLate,
    );
    const source: Source = { id, session, order, done: undefined };
    this.sources.open(id, source);
    return source;
  }

  private pass(source: Source, message: StreamMessage): void {
    if (message.complete === true) {
      source.session.held.done = source.done;
      source.done = undefined;
      this.end(source.id);
    }
    source.session.handle({ type: "message", message });
  }

  private close(source: Source): void {
    this.ended.set(source.id, true);
    source.order.close();
    source.done?.();
  }
}
