import type { AssistantMessage } from "../../core/chat/chunk.js";
import { asFailure, Failure, type FailureData } from "../../core/failure.js";
import { type SessionEnd, Sessions } from "../../core/lifecycle/sessions.js";
import { systemClock } from "../../transport/system-clock.js";
import { Assembly } from "../messages/assembly.js";
import { findTargetStreams, readControl, resetStreams } from "../messages/control.js";
import { dropStreamProperties } from "../messages/inherited-properties.js";
import { findRequestedSchema, readSchema } from "../messages/response-format.js";
import { withoutTags } from "../messages/retry-tag.js";
import { requireStreamId } from "../messages/stream-message.js";
import type { Done, Message, NodeConfig, NodeRed, RuntimeNode, Send } from "../red/api.js";
import { toNodeError } from "../red/node-error.js";
import { readPositiveNumber } from "../red/number-setting.js";
import { StatusLine } from "../red/status-line.js";
import { parseAnswer, readLastTurn } from "./parse-answer.js";

/** A collect node as it stands in a flow file. */
export interface CollectConfig extends NodeConfig {
  parse?: "text" | "json";
  /** JSON Schema that the parsed answer must fit, as text or as it is; default: the one that the request asked for. */
  schema?: unknown;
  /** Seconds without a message after which a stream is given up. */
  timeout?: number | string;
}

const DEFAULT_TIMEOUT_S = 600;

/** Streams that may be open: each holds its text. */
const MAX_OPEN_STREAMS = 1000;

/** After the last message, how long one that was delayed on its way is waited for; milliseconds. */
const MAX_STRAGGLER_WAIT_MS = 5_000;

/** A stream that is being put together. */
interface CollectedStream {
  id: string;
  assembly: Assembly;
  /** The newest message: what rides along comes from it. */
  newest: Message;
  send: Send;
  stragglerTimer: NodeJS.Timeout | undefined;
}

/** How a stream ends of which the rest is missing. */
const UNFINISHED_REASONS: ReadonlySet<unknown> = new Set(["error", "cancelled"]);

/** What a collect node does. */
export class CollectController {
  private readonly sessions: Sessions<CollectedStream>;
  private readonly status: StatusLine;
  /** The node's own schema, or what is wrong with it. */
  private readonly schema: unknown;
  private readonly schemaFailure: Failure | undefined;

  constructor(
    private readonly red: NodeRed,
    private readonly node: RuntimeNode,
    private readonly config: CollectConfig,
  ) {
    this.sessions = new Sessions({
      most: MAX_OPEN_STREAMS,
      expiry: readPositiveNumber(config.timeout, DEFAULT_TIMEOUT_S) * 1000,
      clock: systemClock,
      remember: ["finished", "cancelled", "expired", "overflow"],
      onEnd: (stream, reason) => this.onSessionEnd(stream, reason),
    });
    this.status = new StatusLine(node);
    if (config.parse !== "json") return;
    try {
      this.schema = readSchema(config.schema);
    } catch (thrown) {
      this.schemaFailure = asFailure(thrown);
      this.showStatus();
    }
  }

  input(message: Message, send: Send, done: Done): void {
    if (this.handleControl(message)) {
      done();
      return;
    }
    const id = requireStreamId(message, "collect puts together");
    if (this.sessions.isOver(id)) {
      done();
      return;
    }
    let stream = this.sessions.get(id);
    if (!stream) {
      stream = { id, assembly: new Assembly(), newest: message, send, stragglerTimer: undefined };
      this.sessions.open(id, stream);
    }
    stream.newest = message;
    stream.send = send;
    const failure = this.add(stream, message);
    this.showStatus();
    if (failure) done(toNodeError(failure));
    else done();
  }

  /** What is held is let go: there is nobody left to read it. */
  close(): void {
    this.sessions.endAll("closed");
    this.status.close();
  }

  /** @returns why the stream ends here, where that is a failure of its own and not one that it brought along */
  private add(stream: CollectedStream, message: Message): Failure | undefined {
    const { assembly } = stream;
    try {
      assembly.add(message);
    } catch (thrown) {
      return this.failWith(stream, asFailure(thrown));
    }
    if (assembly.isComplete) return this.sendAnswer(stream, assembly.last!);
    if (assembly.last)
      stream.stragglerTimer ??= setTimeout(
        () => this.abandon(stream, assembly.createGapFailure()),
        MAX_STRAGGLER_WAIT_MS,
      );
    return undefined;
  }

  private sendAnswer(stream: CollectedStream, last: Message): Failure | undefined {
    const message = this.createMessage(stream, last);
    const finished = !UNFINISHED_REASONS.has(last.finishReason) && last.error === undefined;
    if (finished && this.config.parse === "json") {
      try {
        if (this.schemaFailure) throw this.schemaFailure;
        const schema = this.schema ?? findRequestedSchema(last.request);
        const answer = readLastTurn(String(message.payload), last["rounds"]);
        message.payload = parseAnswer(answer, last.finishReason, schema);
      } catch (thrown) {
        return this.failWith(stream, asFailure(thrown));
      }
    }
    this.finish(stream);
    stream.send(finished ? [message, null] : [null, message]);
    return undefined;
  }

  /** Sends what there is of a stream by the second output. */
  private failWith(stream: CollectedStream, failure: Failure): Failure {
    this.finish(stream);
    this.sendUnfinished(stream, failure);
    return failure;
  }

  /** The same where no message waits for the verdict: the author hears of it through Catch all the same. */
  private abandon(stream: CollectedStream, failure: Failure): void {
    this.failWith(stream, failure);
    this.node.error(toNodeError(failure), withoutTags(dropStreamProperties(stream.newest)));
    this.showStatus();
  }

  /** A message for the second output, with what there was of the answer. */
  private sendUnfinished(stream: CollectedStream, failure: Failure): void {
    const message = this.createMessage(stream, stream.assembly.last ?? stream.newest);
    const error: FailureData = { ...failure.toJSON(), phase: "end", partial: stream.assembly.machine.text };
    message.finishReason ??= "error";
    message.error = error;
    stream.send([null, message]);
  }

  private createMessage(stream: CollectedStream, last: Message): Message {
    const { machine } = stream.assembly;
    const response = machine.completion(stream.id);
    const message = withoutTags(dropStreamProperties(last));
    const content: AssistantMessage["content"] | undefined = response.choices[0]?.message.content;
    message.payload = content ?? "";
    message.response = response;
    for (const key of [
      "finishReason",
      "usage",
      "stats",
      "rounds",
      "job",
      "request",
      "error",
      "conversation",
    ]) {
      if (last[key] !== undefined) message[key] = last[key];
    }
    return message;
  }

  private finish(stream: CollectedStream): void {
    this.sessions.end(stream.id, "finished");
  }

  private onSessionEnd(stream: CollectedStream, reason: SessionEnd): void {
    clearTimeout(stream.stragglerTimer);
    const failure = FAILURES_BY_END[reason]?.();
    if (failure) this.abandon(stream, failure);
  }

  /** @returns whether the message was one */
  private handleControl(message: Message): boolean {
    if (Object.hasOwn(message, "flush")) {
      for (const stream of findTargetStreams(this.sessions, message)) {
        this.failWith(
          stream,
          new Failure("interrupted", "The stream was sent on before its end, by msg.flush."),
        );
      }
      this.showStatus();
      return true;
    }
    const control = readControl(message);
    if (!control) return false;
    // A cancelled stream ends by itself, with a last message that is still to come.
    if (!control.reset) return true;
    resetStreams(this.sessions, message);
    this.showStatus();
    return true;
  }

  private showStatus(): void {
    const { schemaFailure: misconfigured } = this;
    this.status.show(() =>
      misconfigured
        ? { fill: "red", shape: "ring", text: misconfigured.code }
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

const FAILURES_BY_END: Readonly<Partial<Record<SessionEnd, () => Failure>>> = {
  expired: () =>
    new Failure("timeout", "The stream's end never came; what there was of it has left by output 2."),
  overflow: () => new Failure("limit", "Too many streams are open; the oldest has left by output 2."),
};
