import { randomUUID } from "node:crypto";
import { Failure, type FailureData } from "../../core/failure.js";
import { isObject } from "../../core/json/parse.js";
import { type SessionEnd, Sessions } from "../../core/lifecycle/sessions.js";
import { OverlapTrimmer } from "../../core/retry/overlap-trimmer.js";
import { readControl } from "../messages/control.js";
import { continuesOf, type RetryTag, type RouteName, tagOf } from "../messages/retry-tag.js";
import { readFailure } from "../messages/stream-message.js";
import type { Done, Message, NodeRed, RuntimeNode, Send } from "../red/api.js";
import { Attempt } from "./attempt.js";
import { type Environment, RetryRepair, SYSTEM } from "./repair.js";
import { RetryRoutes } from "./routes.js";
import { RetrySession } from "./session.js";
import { type RetryConfig, settingsOf } from "./settings.js";
import { RetryStatus } from "./status.js";

/** Streams in repair that may be open: each holds its request and its text. */
const MOST_STREAMS = 1000;

/** A request of which nothing comes for so long is given up: longer than anyone lets a model think, milliseconds. */
const EXPIRY = 3_600_000;

const MISPLACED =
  "retry does not mend what a Catch node sends. Wire it straight behind a chat-stream, and its output 2 back into that.";

/** Whose a message is: `passing` where nothing needs to be known of it; undefined where nobody waits for it. */
type Whose = Attempt | "passing" | undefined;

const BOTH: readonly RouteName[] = ["again", "fallback"];

/** What a retry node does: passes streams on, and finds those that belong to one reader's stream. */
export class RetryController {
  private readonly sessions: Sessions<RetrySession>;
  /** The streams that are, or may become, part of a reader's, by their own ids. */
  private readonly attempts = new Map<string, Attempt>();
  private readonly routes: RetryRoutes;
  private readonly repair: RetryRepair;
  private readonly status: RetryStatus;
  private readonly life = randomUUID();

  constructor(
    red: NodeRed,
    private readonly node: RuntimeNode,
    config: RetryConfig,
    private readonly surroundings: Environment = SYSTEM,
  ) {
    const { clock } = surroundings;
    const settings = settingsOf(config);
    this.sessions = new Sessions({
      maxOpen: MOST_STREAMS,
      expiryMs: EXPIRY + settings.maxDelay,
      clock,
      rememberedEnds: ["finished", "cancelled"],
      onEnd: (session, reason) => this.ended(session, reason),
    });
    this.routes = new RetryRoutes(node);
    this.status = new RetryStatus(red, node, clock, settings.attempts, this.sessions);
    const { life, sessions, routes, status } = this;
    this.repair = new RetryRepair({ red, node, life, settings, surroundings, sessions, routes, status });
  }

  input(message: Message, send: Send, done: Done): void {
    const control = readControl(message);
    // With a tag, a reset is no command: the stream itself begins again.
    const begins = control?.reset === true && tagOf(message) !== undefined;
    if (message.error !== undefined && this.hasStrayed(message)) done();
    else if (control && !begins) {
      this.control(message, send);
      done();
    } else {
      const attempt = this.attemptOf(message, send);
      if (attempt instanceof Attempt && message.complete === true) this.last(attempt, message, done);
      else {
        if (attempt === "passing") send(message);
        else if (begins) attempt?.reset(message);
        else if (attempt) {
          if (!attempt.begun) this.settle(attempt);
          attempt.pass(message);
        }
        done();
      }
    }
  }

  /** Nothing is asked again after a redeploy, and nothing is said of it. */
  close(): void {
    this.sessions.endAll("closed");
    this.status.close();
  }

  private attemptOf(message: Message, send: Send): Whose {
    const { id, index } = message.parts ?? {};
    if (typeof id !== "string" || typeof index !== "number") return "passing";
    const attempt = this.attempts.get(id) ?? this.begin(id, index, message, send);
    if (!(attempt instanceof Attempt)) return attempt;
    const { session } = attempt;
    this.sessions.get(session.id);
    session.send = send;
    if (session.last?._msgid !== undefined) message._msgid = session.last._msgid;
    return attempt;
  }

  /** The first of a stream that this node hears of. */
  private begin(id: string, index: number, message: Message, send: Send): Whose {
    const tag = tagOf(message);
    if (tag?.node === this.node.id) {
      const attempt =
        this.claim(tag) ?? (tag.life === this.life ? undefined : this.resume(tag, index, message, send));
      return attempt && this.join(id, attempt);
    }
    // Plain text of a stream that goes well needs no memory: if it fails, its last message tells all.
    if (message.chunk === undefined && message.complete !== true) return "passing";
    // Behind a delay, say: what overtook it was the stream's end.
    if (index > 0 && this.sessions.hasEnded(id)) return "passing";
    const session = new RetrySession(id, message["retry"], send);
    this.sessions.open(id, session);
    return this.join(id, new Attempt(session));
  }

  /** The stream of a request of ours. Of one that is over, or answered twice, the reader shall hear nothing. */
  private claim({ stream }: RetryTag): Attempt | undefined {
    const session = this.sessions.get(stream);
    const asked = session?.asked;
    if (!session || !asked) return undefined;
    session.asked = undefined;
    this.surroundings.clock.clearTimer(session.grace);
    session.grace = undefined;
    return new Attempt(session, asked);
  }

  /** The stream of a request that this node sent before it was deployed anew. */
  private resume(tag: RetryTag, index: number, message: Message, send: Send): Attempt | undefined {
    if (this.sessions.get(tag.stream)) return undefined;
    const session = new RetrySession(tag.stream, tag.outer, send);
    session.attempts = 2;
    if (tag.route === "fallback") session.route = tag.route;
    session.sent = Number(tag.sent) || 0;
    session.continues = continuesOf(message);
    this.sessions.open(tag.stream, session);
    const restarts = tag.sent === undefined && index === 0;
    const { continues } = session;
    // What was said is gone, but for the white space that the model was not told of.
    const trimmer =
      index === 0 && continues?.echo ? new OverlapTrimmer(continues.echo, continues) : undefined;
    return new Attempt(session, { msgid: "", restarts, trimmer });
  }

  private join(id: string, attempt: Attempt): Attempt {
    attempt.session.sources.push(id);
    this.attempts.set(id, attempt);
    return attempt;
  }

  /** Notes how the request of an attempt fared: that it is answered, or how it failed. */
  private settle({ session }: Attempt, failure?: FailureData): void {
    const { route, paid } = session;
    session.paid = undefined;
    this.routes.settle(route, paid, failure, this.surroundings.clock.now());
  }

  private last(attempt: Attempt, message: Message, done: Done): void {
    const { session } = attempt;
    const failure = readFailure(message);
    if (!attempt.begun || failure) this.settle(attempt, failure);
    // What was cancelled or failed before it said a word takes nothing away from the reader.
    if (failure ? failure.partial !== "" : message.finishReason !== "cancelled") attempt.begin(message);
    const last = attempt.last(message);
    session.ended(last, attempt.repeated, this.surroundings.clock.now());
    if (!failure) {
      this.repair.conclude(session, last);
      done();
      return;
    }
    session.failed(last, failure, attempt.repeated);
    this.repair.failed(session, { failure, last, done });
  }

  /** Ends waits, and hands the command on to whoever streams for us. */
  private control(message: Message, send: Send): void {
    const id = message.parts?.id;
    const reader = id === undefined ? undefined : (this.attempts.get(id)?.session.id ?? id);
    const route = reader === undefined ? undefined : this.sessions.get(reader)?.route;
    // Inject nodes write an empty topic.
    const topic = message.topic ?? "";
    const meant = ({ id, last }: RetrySession) =>
      reader === undefined ? topic === "" || last?.topic === topic : id === reader;
    for (const session of this.sessions.list().filter(meant)) this.repair.cancel(session);
    send(this.routes.outputs(message, ...(route ? [route] : BOTH)));
  }

  private ended(session: RetrySession, reason: SessionEnd): void {
    for (const source of session.sources) this.attempts.delete(source);
    this.repair.ended(session, reason);
  }

  /** What comes from a Catch node has lost its way, and must not go round in circles. */
  private hasStrayed({ error }: Message): boolean {
    const source = isObject(error) ? error["source"] : undefined;
    if (!isObject(source)) return false;
    if (source["id"] !== this.node.id) throw new Failure("configuration", MISPLACED);
    this.node.warn(MISPLACED);
    return true;
  }
}
