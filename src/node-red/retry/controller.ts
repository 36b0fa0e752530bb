import { randomUUID } from "node:crypto";
import type { Clock } from "../../core/clock.js";
import { Failure } from "../../core/failure.js";
import { isObject } from "../../core/json/parse.js";
import { Sessions } from "../../core/lifecycle/sessions.js";
import { drawRandom, systemClock } from "../../transport/system-clock.js";
import { findRetryTag, type RetryTag, type RouteName } from "../messages/ask-tags.js";
import { readControl } from "../messages/control.js";
import { type InFlight, inFlight } from "../messages/in-flight.js";
import { isStreamMessage, type StreamMessage } from "../messages/stream-message.js";
import type { Done, Message, NodeRed, RuntimeNode, Send } from "../red/api.js";
import { NodeHost } from "../red/host.js";
import { logWarning } from "../red/log.js";
import { readCommandTopic, readOwnTopic, readStreamId } from "../red/names.js";
import { describeDeadEnd } from "../red/wiring.js";
import { createRoutes, type RetryRoutes } from "./routes.js";
import { RetrySession } from "./session.js";
import { OUTPUT, type RetryConfig, readRetrySettings } from "./settings.js";
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

export const SYSTEM: Environment = { clock: systemClock, random: drawRandom, inFlight };

/** Streams in repair that may be open: each holds its request and its text. */
const MAX_REPAIRS = 1000;

/** A stream of which nothing comes for so long has been lost: longer than anyone lets a model think. */
const EXPIRY_MS = 3_600_000;

const MISPLACED =
  "retry cannot repair messages from a Catch node. Wire it directly behind a chat-stream, and output 2 back into that chat-stream.";
const NOT_WIRED =
  "The request was not repeated, because output 2 of the retry node has no wire. Wire it into the chat-stream.";
const NOTHING_CAME =
  "The request was sent again, but no stream came back within an hour. Wire the other chat-stream into this node.";
const TOO_MANY = `More than ${MAX_REPAIRS} streams are in repair; the oldest was given up. Let fewer requests run at once.`;

const ROUTES: readonly RouteName[] = ["again", "fallback"];

/** What a retry node does: passes streams on in order, and finds those that belong to one reader's stream. */
export class RetryController {
  private readonly host: NodeHost;
  private readonly sources: RetrySources;
  /** The readers' streams that a request has failed of, by their readers' ids. */
  private readonly repairs: Sessions<RetrySession>;
  private readonly routes: RetryRoutes;
  private readonly status: RetryStatus;
  private readonly context: RetryContext;
  private readonly deployId = randomUUID();

  constructor(
    private readonly red: NodeRed,
    private readonly node: RuntimeNode,
    config: RetryConfig,
    private readonly environment: Environment = SYSTEM,
  ) {
    const { clock, random } = environment;
    const settings = readRetrySettings(config);
    this.host = new NodeHost(red, node, clock);
    this.sources = new RetrySources(
      this.host.clock,
      EXPIRY_MS + settings.maxDelay,
      (message, send) => this.findSession(message, send),
      (session) => this.openRepair(session),
    );
    this.repairs = new Sessions({
      maxOpen: MAX_REPAIRS,
      expiryMs: EXPIRY_MS + settings.maxDelay,
      clock: this.host.clock,
      onEnd: (session, reason) => {
        if (reason === "expired")
          session.handle({ type: "lost", failure: new Failure("timeout", NOTHING_CAME) });
        if (reason === "overflow") session.handle({ type: "lost", failure: new Failure("limit", TOO_MANY) });
        if (reason === "closed") session.abandon();
        else session.close();
        this.status.show();
      },
    });
    this.routes = createRoutes(this.host.clock);
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
  }

  input(message: Message, send: Send, done: Done): void {
    const control = readControl(message);
    if (message.error !== undefined && this.hasStrayed(message)) done();
    else if (control) {
      this.control(message, send);
      done();
    } else if (isStreamMessage(message)) this.sources.take(message, send, done);
    else {
      send(message);
      done();
    }
  }

  /** Nothing is asked again after a redeploy, and nothing is said about it. */
  close(): void {
    this.sources.endAll();
    this.repairs.endAll("closed");
    this.status.close();
  }

  /** Finds whose stream a new one is. @returns undefined if nobody waits for it */
  private findSession(message: StreamMessage, send: Send): RetrySession | undefined {
    const tag = findRetryTag(message);
    const isOurs = tag?.node === this.node.id;
    const asked = isOurs ? this.repairs.get(tag.stream) : this.findByMessageId(message);
    if (asked) return asked.claim(isOurs ? tag.request : undefined) ? asked : undefined;
    if (isOurs) return tag.deployId === this.deployId ? undefined : this.resume(tag, message, send);
    return this.createSession(new RetryStream(message, this.context), send);
  }

  /** Finds the request of which a flow has removed the tag: the answer's `_msgid` is still that of the request. */
  private findByMessageId({ _msgid }: Message): RetrySession | undefined {
    if (_msgid === undefined || this.repairs.size === 0) return undefined;
    return this.repairs.list().find(({ awaited }) => awaited?.request === _msgid);
  }

  /** The stream of a request that this node sent before it was deployed anew. */
  private resume(tag: RetryTag, message: StreamMessage, send: Send): RetrySession {
    const session = this.createSession(new RetryStream(message, this.context, tag), send);
    this.repairs.open(tag.stream, session);
    return session;
  }

  private openRepair(session: RetrySession): void {
    const { id } = session.stream.record;
    if (!this.repairs.get(id)) this.repairs.open(id, session);
    this.status.show();
  }

  private createSession(stream: RetryStream, send: Send): RetrySession {
    const { host, node, red, routes, status } = this;
    return new RetrySession(stream, send, {
      red,
      node,
      host,
      inFlight: this.environment.inFlight,
      routes,
      ask: (session, route, message) => {
        // The request begins a time of its own in which nothing may come.
        this.repairs.get(session.stream.record.id);
        this.sendBy(session, route, host.clone(message));
      },
      stop: (session, id, route) => {
        this.sources.end(id);
        this.sendBy(session, route, { cancel: true, parts: { id, index: 0 } });
      },
      onEnd: (session) => this.repairs.end(session.stream.record.id, "finished"),
      onChange: () => status.show(),
    });
  }

  private sendBy(session: RetrySession, route: RouteName, message: Message): void {
    session.send(toOutputs(message, [route]));
  }

  /** Ends waits, and hands the command on to whoever streams for this node. */
  private control(message: Message, send: Send): void {
    const id = readStreamId(message);
    const reader = id === undefined ? undefined : (this.sources.find(id)?.stream.record.id ?? id);
    const named = reader === undefined ? undefined : this.repairs.get(reader);
    const topic = reader === undefined ? readCommandTopic(message) : "";
    const isMeant = ({ stream: { record } }: RetrySession) =>
      topic === "" || (record.last !== undefined && readOwnTopic(record.last) === topic);
    const sessions = reader === undefined ? this.repairs.list().filter(isMeant) : named ? [named] : [];
    for (const session of sessions) session.cancel();
    send(toOutputs(message, named ? [named.stream.record.route] : ROUTES));
  }

  /** @returns why nothing can come back that leaves by a route, "" if there is no fallback; undefined if it can */
  private findDeadEnd(route: RouteName): string | undefined {
    const { red, node } = this;
    const output = OUTPUT[route];
    if ((node.wires?.[output] ?? []).length === 0) return route === "again" ? NOT_WIRED : "";
    return describeDeadEnd(red, node, output);
  }

  /** What comes from a Catch node has lost its way, and must not go round in circles. */
  private hasStrayed({ error }: Message): boolean {
    const source = isObject(error) ? error["source"] : undefined;
    if (!isObject(source)) return false;
    if (source["id"] !== this.node.id) throw new Failure("configuration", MISPLACED);
    logWarning(this.node, MISPLACED);
    return true;
  }
}

function toOutputs(message: Message, routes: readonly RouteName[]): (Message | null)[] {
  const outputs: (Message | null)[] = [null, null, null];
  for (const route of routes) outputs[OUTPUT[route]] = message;
  return outputs;
}
