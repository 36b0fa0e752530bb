import type { AssistantMessage } from "../../core/chat/chunk.js";
import type { Clock } from "../../core/clock.js";
import { readCost } from "../../core/cost/amount.js";
import { addCost } from "../../core/cost/billed-completion.js";
import { Failure, type FailureData, toFailure } from "../../core/failure.js";
import { type SessionEnd, Sessions } from "../../core/lifecycle/sessions.js";
import { systemClock } from "../../transport/system-clock.js";
import { markTagsOver } from "../messages/ask-tags.js";
import { Assembly } from "../messages/assembly.js";
import { MAX_ORPHAN_WAIT_MS, OrphanWatch } from "../messages/closed-streams.js";
import { findTargetStreams, readControl, resetStreams } from "../messages/control.js";
import { dropStreamProperties } from "../messages/inherited-properties.js";
import {
  endStream,
  findOrOpenStream,
  MAX_OPEN_STREAMS,
  MAX_STRAGGLER_WAIT_MS,
  type OpenStream,
  type StreamOpener,
} from "../messages/open-streams.js";
import { requestsJson } from "../messages/response-format.js";
import { isRestartNotice } from "../messages/stream-message.js";
import type { Done, Message, NodeConfig, NodeRed, RuntimeNode, Send } from "../red/api.js";
import { NodeHost } from "../red/host.js";
import { copyReadable } from "../red/message-copy.js";
import { toNodeError } from "../red/node-error.js";
import { readPositiveNumber, toTimerMs } from "../red/settings.js";
import { StatusLine } from "../red/status-line.js";
import { warnOfWaitingClient } from "../wires/waiting-client.js";
import { AnswerSchema } from "./answer-schema.js";
import { FAILURES_BY_END } from "./end-failures.js";
import { parseAnswer, readLastTurn } from "./parse-answer.js";

/** A collect node's properties in a flow file. */
export interface CollectConfig extends NodeConfig {
  /** `asked`: JSON is parsed if the request asked for it. Default: `asked`. */
  parse?: "asked" | "text" | "json";
  /**
   * JSON Schema that the parsed answer must fit, as text or object. Default: the schema that the request asked for, if it
   * stands in the settings of a chat-stream.
   */
  schema?: unknown;
  /** Whether the default may also be a schema that came with a message. */
  messageSchemas?: boolean;
  /** Seconds without a message after which a stream counts as unfinished. */
  timeout?: number | string;
}

const DEFAULT_TIMEOUT_S = 600;

/** A stream that is being collected. */
interface CollectedStream extends OpenStream {
  id: string;
  assembly: Assembly;
  /** The newest message. The collected message inherits its properties. */
  newest: Message;
  send: Send;
  /** Waits for delayed messages once the last one has arrived. */
  stragglerTimer: unknown;
}

/** Finish reasons of an answer that is not whole. */
const UNFINISHED_REASONS: ReadonlySet<unknown> = new Set(["error", "cancelled"]);

/** The runtime half of a collect node: puts the messages of a stream together into one message. */
export class CollectController {
  private readonly host: NodeHost;
  private readonly sessions: Sessions<CollectedStream>;
  private readonly opener: StreamOpener<CollectedStream>;
  private readonly orphans: OrphanWatch;
  private readonly status: StatusLine;
  /** Set if an answer may be parsed. */
  private readonly schema: AnswerSchema | undefined;

  constructor(
    private readonly red: NodeRed,
    private readonly node: RuntimeNode,
    private readonly config: CollectConfig,
    clock: Clock = systemClock,
  ) {
    this.host = new NodeHost(red, node, clock);
    this.sessions = new Sessions({
      maxOpen: MAX_OPEN_STREAMS,
      expiryMs: toTimerMs(readPositiveNumber(config.timeout, DEFAULT_TIMEOUT_S)),
      clock: this.host.clock,
      rememberedEnds: ["finished", "cancelled", "expired", "orphaned", "overflow"],
      onEnd: (stream, reason) => this.handleSessionEnd(stream, reason),
    });
    this.orphans = new OrphanWatch(this.host.clock, this.sessions, MAX_ORPHAN_WAIT_MS);
    this.opener = { sessions: this.sessions, action: "collect puts together", create: createStream };
    this.status = new StatusLine(node);
    if (config.parse === "text") return;
    this.schema = new AnswerSchema(node, config.schema, config.messageSchemas === true);
    if (this.schema.failure) this.showStatus();
  }

  input(message: Message, send: Send, done: Done): void {
    if (this.handleControl(message)) {
      done();
      return;
    }
    const stream = findOrOpenStream(this.opener, message);
    if (!stream || isRestartNotice(message)) {
      done();
      return;
    }
    stream.newest = message;
    stream.send = send;
    const failure = this.add(stream, message);
    this.showStatus();
    if (failure) done(toNodeError(failure));
    else done();
  }

  /** Drops all collected text. If it were sent now, it would reach the newly deployed flow. */
  close(): void {
    this.orphans.close();
    this.sessions.endAll("closed");
    this.status.close();
  }

  /** @returns the failure if the stream fails in this node; undefined if it failed earlier and its last message says so */
  private add(stream: CollectedStream, message: Message): Failure | undefined {
    return this.advance(stream, () => stream.assembly.add(message));
  }

  /** Sends the stream if a step makes it whole, and ends it if the step throws. */
  private advance(stream: CollectedStream, step: () => void): Failure | undefined {
    const { assembly } = stream;
    try {
      step();
    } catch (thrown) {
      return this.failWith(stream, toFailure(thrown));
    }
    if (assembly.isComplete) return this.sendAnswer(stream, assembly.last!);
    if (assembly.last) this.awaitMissing(stream);
    return undefined;
  }

  /** Waits for messages that a node on the way has delayed. Each that is missing has a time of its own. */
  private awaitMissing(stream: CollectedStream): void {
    if (stream.stragglerTimer !== undefined) return;
    const { assembly } = stream;
    const { next } = assembly;
    stream.stragglerTimer = this.host.clock.setTimer(() => {
      stream.stragglerTimer = undefined;
      const failure = this.advance(stream, () => {
        if (assembly.next === next && !assembly.addDoubtful()) throw assembly.createGapFailure();
      });
      if (failure) this.report(stream, failure);
      this.showStatus();
    }, MAX_STRAGGLER_WAIT_MS);
  }

  /**
   * Sends a whole stream as one message: to output 1, or to output 2 if the answer is not whole.
   * @returns the failure if the answer is not the JSON that it must be
   */
  private sendAnswer(stream: CollectedStream, last: Message): Failure | undefined {
    const message = this.createMessage(stream, last);
    const isFinished = !UNFINISHED_REASONS.has(last.finishReason) && last.error === undefined;
    if (isFinished && this.mustParse(last)) {
      try {
        const schema = this.schema?.find(last.request);
        const answer = readLastTurn(String(message.payload), last["rounds"]);
        message.payload = parseAnswer(answer, last.finishReason, schema);
      } catch (thrown) {
        return this.failWith(stream, toFailure(thrown));
      }
    }
    this.finish(stream);
    if (isFinished) stream.send([message, null]);
    else this.sendAside(stream, message);
    return undefined;
  }

  /** Whether the payload has to be the parsed value of the answer's JSON. */
  private mustParse({ request }: Message): boolean {
    const { parse } = this.config;
    return parse === "json" || (parse !== "text" && requestsJson(request));
  }

  /** Ends a stream and sends its unfinished answer to output 2. */
  private failWith(stream: CollectedStream, failure: Failure): Failure {
    this.finish(stream);
    this.sendUnfinished(stream, failure);
    return failure;
  }

  /** Fails a stream while no message of it is being handled. */
  private abandon(stream: CollectedStream, failure: Failure): void {
    this.failWith(stream, failure);
    this.report(stream, failure);
    this.showStatus();
  }

  /** Reports a failure while no message of the stream is being handled. A Catch node gets it all the same. */
  private report(stream: CollectedStream, failure: Failure): void {
    this.host.error(failure, markTagsOver(dropStreamProperties(stream.newest)));
  }

  private sendUnfinished(stream: CollectedStream, failure: Failure): void {
    const message = this.createMessage(stream, stream.assembly.last ?? stream.newest);
    const error: FailureData = { ...failure.toJSON(), phase: "end", partial: stream.assembly.machine.text };
    message.finishReason ??= "error";
    message.error = error;
    this.sendAside(stream, message);
  }

  private sendAside(stream: CollectedStream, message: Message): void {
    warnOfWaitingClient(this.red, this.node, message);
    stream.send([null, message]);
  }

  /** @param newest the stream's last message, or its newest one if the last one is missing */
  private createMessage(stream: CollectedStream, newest: Message): Message {
    const last = copyReadable(newest);
    const completion = stream.assembly.machine.buildCompletion(stream.id);
    const response = addCost(completion, readCost(last["cost"]));
    const message = markTagsOver(dropStreamProperties(last));
    const content: AssistantMessage["content"] | undefined = response.choices[0]?.message.content;
    message.payload = content ?? "";
    message.response = response;
    for (const key of KEPT_PROPERTIES) if (last[key] !== undefined) message[key] = last[key];
    return message;
  }

  private finish({ id, assembly }: CollectedStream): void {
    if (assembly.isComplete) endStream(this.sessions, id, assembly.last!);
    else this.sessions.end(id, "finished");
  }

  private handleSessionEnd(stream: CollectedStream, reason: SessionEnd): void {
    this.host.clock.clearTimer(stream.stragglerTimer);
    const failure = FAILURES_BY_END[reason]?.();
    if (failure) this.abandon(stream, failure);
  }

  /** @returns whether the message is a control message */
  private handleControl(message: Message): boolean {
    if (Object.hasOwn(message, "flush")) {
      for (const stream of findTargetStreams(this.sessions, message)) {
        this.failWith(
          stream,
          new Failure(
            "interrupted",
            "msg.flush ended the stream early. The partial answer is in this message.",
          ),
        );
      }
      this.showStatus();
      return true;
    }
    const control = readControl(message);
    if (!control) return false;
    // A cancelled stream ends by itself: its last message is still to come.
    if (!control.reset) return true;
    resetStreams(this.sessions, message);
    this.showStatus();
    return true;
  }

  private showStatus(): void {
    const failure = this.schema?.failure;
    this.status.show(() =>
      failure
        ? { fill: "red", shape: "ring", text: failure.code }
        : this.sessions.size === 0
          ? {}
          : {
              fill: "blue",
              shape: "dot",
              text: this.red._("collect.status.collecting", { count: this.sessions.size }),
            },
    );
  }
}

function createStream(id: string, restarts: number): CollectedStream {
  return { id, restarts, assembly: new Assembly(), newest: {}, send: () => {}, stragglerTimer: undefined };
}

/** Properties of a stream's last message that the collected message keeps. */
const KEPT_PROPERTIES = [
  "finishReason",
  "usage",
  "cost",
  "stats",
  "rounds",
  "job",
  "request",
  "error",
  "conversation",
] as const;
