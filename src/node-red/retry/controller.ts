import { randomUUID } from "node:crypto";
import type { Clock } from "../../core/clock.js";
import { Failure } from "../../core/failure.js";
import { type SessionEnd, Sessions } from "../../core/lifecycle/sessions.js";
import { drawRandom, systemClock } from "../../transport/system-clock.js";
import { findRetryTag, type RouteName } from "../messages/ask-tags.js";
import { readControl } from "../messages/control.js";
import { type InFlight, inFlight } from "../messages/in-flight.js";
import { isStreamMessage, type StreamMessage } from "../messages/stream-message.js";
import type { Done, Message, NodeRed, RuntimeNode, Send } from "../red/api.js";
import { NodeHost } from "../red/host.js";
import { logWarning } from "../red/log.js";
import { readCommandTopic, readOwnTopic, readStreamId } from "../red/names.js";
import { readErrorSource } from "../red/node-error.js";
import { describeDeadEnd } from "../red/wiring.js";
import { RetryRoute } from "./routes.js";
import { type RetryPorts, RetrySession } from "./session.js";
import { OUTPUT, type RetryConfig, readRetrySettings, toOutputs } from "./settings.js";
import { RetrySources } from "./sources.js";
import { RetryStatus } from "./status.js";
import { type RetryContext, RetryStream } from "./stream.js";

/** Time, chance and the requests that other nodes work on, which a test replaces. */
export interface Environment {
  clock: Clock;
  /** In [0, 1). */
  random(): number;
  inFlight: InFlight;
}

const SYSTEM: Environment = { clock: systemClock, random: drawRandom, inFlight };

/** Streams in repair that may be open: each holds its request and its text. */
const MAX_REPAIRS = 1000;

/** A stream is lost if none of its messages comes for this time, which is longer than anyone lets a model think. */
const EXPIRY_MS = 3_600_000;

const MISPLACED =
  "retry cannot repair messages from a Catch node. Wire it directly behind a chat-stream, and output 2 back into that chat-stream.";
const NOT_WIRED =
  "The request was not repeated, because output 2 of the retry node has no wire. Wire it into the chat-stream.";
const NOTHING_CAME =
  "The request was sent again, but no stream came back within an hour. Wire the other chat-stream into this node.";
const TOO_MANY = `More than ${MAX_REPAIRS} streams are in repair; the oldest was given up. Let fewer requests run at once.`;

/** What a retry node does: passes streams on in order, and finds those that belong to one reader's stream. */
export class RetryController {
  private readonly sources: RetrySources;
  /** The readers' streams that a request has failed of, by their readers' ids. */
  private readonly repairs: Sessions<RetrySession>;
  private readonly status: RetryStatus;
  private readonly context: RetryContext;
  private readonly ports: RetryPorts;
  private readonly deployId = randomUUID();

  constructor(
    private readonly red: NodeRed,
    private readonly node: RuntimeNode,
    config: RetryConfig,
    { clock, random, inFlight }: Environment = SYSTEM,
  ) {
    const settings = readRetrySettings(config);
    const host = new NodeHost(red, node, clock);
    const expiryMs = EXPIRY_MS + settings.maxDelay;
    this.sources = new RetrySources(host.clock, expiryMs, (message, send) => this.findSession(message, send));
    this.repairs = new Sessions({
      maxOpen: MAX_REPAIRS,
      expiryMs,
      clock: host.clock,
      onEnd: (session, reason) => this.endRepair(session, reason),
    });
    this.status = new RetryStatus(red, node, clock, settings.attempts, () =>
      this.repairs.list().map(({ stream }) => stream),
    );
    this.context = {
      settings,
      asker: { node: node.id, deployId: this.deployId },
      now: () => clock.now(),
      random,
      findDeadEnd: (route) => this.findDeadEnd(route),
    };
    this.ports = {
      red,
      node,
      host,
      inFlight,
      routes: { again: new RetryRoute(host.clock), fallback: new RetryRoute(host.clock) },
      onStep: (session) => this.noteStep(session),
      onStop: (source) => this.sources.end(source),
      onEnd: ({ stream }) => this.repairs.end(stream.record.id, "finished"),
    };
  }

  input(message: Message, send: Send, done: Done): void {
    const isStray = message.error !== undefined && this.hasStrayed(message);
    if (isStray) done();
    else if (readControl(message)) {
      this.control(message, send);
      done();
    } else if (isStreamMessage(message)) this.sources.take(message, send, done);
    else {
      send(message);
      done();
    }
  }

  /** Ends all repairs without a message: nothing is asked again after a redeploy. */
  close(): void {
    this.sources.endAll();
    this.repairs.endAll("closed");
    this.status.close();
  }

  /** Finds whose stream a new one is. @returns undefined if nobody waits for it */
  private findSession(message: StreamMessage, send: Send): RetrySession | undefined {
    const tag = findRetryTag(message);
    const own = tag?.node === this.node.id ? tag : undefined;
    const asked = own ? this.repairs.get(own.stream) : this.findByMessageId(message);
    if (asked) return asked.claim(own?.request) ? asked : undefined;
    if (own?.deployId === this.deployId) return undefined;
    const session = new RetrySession(new RetryStream(message, this.context, own), send, this.ports);
    // The stream of a request that this node sent before it was deployed anew.
    if (own) this.repairs.open(own.stream, session);
    return session;
  }

  /** Finds the request of an answer whose tag was removed by the flow: the `_msgid` is still that of the request. */
  private findByMessageId({ _msgid }: Message): RetrySession | undefined {
    if (_msgid === undefined) return undefined;
    return this.repairs.list().find(({ awaited }) => awaited?.request === _msgid);
  }

  /** Each step of a repair begins a time of its own in which nothing may come. */
  private noteStep(session: RetrySession): void {
    const { id } = session.stream.record;
    if (!this.repairs.get(id)) this.repairs.open(id, session);
    this.status.show();
  }

  private endRepair(session: RetrySession, reason: SessionEnd): void {
    if (reason === "closed") session.abandon();
    else if (reason === "expired")
      session.handle({ type: "lost", failure: new Failure("timeout", NOTHING_CAME) });
    else if (reason === "overflow") session.handle({ type: "lost", failure: new Failure("limit", TOO_MANY) });
    this.status.show();
  }

  /** Ends waits, and hands the command on to whoever streams for this node. */
  private control(message: Message, send: Send): void {
    const id = readStreamId(message);
    const named = id === undefined ? undefined : this.findRepair(id);
    const topic = id === undefined ? readCommandTopic(message) : "";
    const isMeant = ({ stream: { record } }: RetrySession) =>
      topic === "" || (record.last !== undefined && readOwnTopic(record.last) === topic);
    if (named) named.cancel();
    else if (id === undefined) for (const session of this.repairs.list().filter(isMeant)) session.cancel();
    send(toOutputs(message, named?.stream.record.route));
  }

  /** @param id of the stream that the reader knows, or of the stream of one request */
  private findRepair(id: string): RetrySession | undefined {
    return this.repairs.get(this.sources.find(id)?.stream.record.id ?? id);
  }

  /** @returns why nothing can come back that leaves by a route, "" if there is no fallback; undefined if it can */
  private findDeadEnd(route: RouteName): string | undefined {
    const { red, node } = this;
    const output = OUTPUT[route];
    if ((node.wires?.[output] ?? []).length === 0) return route === "again" ? NOT_WIRED : "";
    return describeDeadEnd(red, node, output);
  }

  /** What comes from a Catch node has lost its way, and must not go round in circles. */
  private hasStrayed(message: Message): boolean {
    const source = readErrorSource(message);
    if (!source) return false;
    if (source["id"] !== this.node.id) throw new Failure("configuration", MISPLACED);
    logWarning(this.node, MISPLACED);
    return true;
  }
}
