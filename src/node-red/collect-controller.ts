import type { AssistantMessage } from "../core/chunk.js";
import { asFailure, Failure, type FailureData } from "../core/failure.js";
import { parseJson } from "../core/json.js";
import { type SessionEnd, Sessions } from "../core/sessions.js";
import { systemClock } from "../transport/system-clock.js";
import { Assembly } from "./assembly.js";
import { controlOf } from "./control.js";
import { toNodeError } from "./error.js";
import { withoutStream } from "./message.js";
import type { Done, Message, NodeConfig, NodeRed, RuntimeNode, Send } from "./red.js";
import { StatusLine } from "./status.js";

/** A collect node as it stands in a flow file. */
export interface CollectConfig extends NodeConfig {
  parse?: "text" | "json";
  /** Seconds without a message after which a stream is given up. */
  timeout?: number | string;
}

const DEFAULT_TIMEOUT = 600;

/** Streams that may be open: each holds its text. */
const MOST_STREAMS = 1000;

/** After the last message, how long one that was delayed on its way is waited for; milliseconds. */
const STRAGGLERS = 5_000;

/** Streams that ended lately: what still comes of them is late, not new. */
const REMEMBERED = 1000;

/** A stream that is being put together. */
interface Collected {
  id: string;
  assembly: Assembly;
  /** The newest message: what rides along comes from it. */
  newest: Message;
  send: Send;
  straggling: NodeJS.Timeout | undefined;
}

/** How a stream ends of which the rest is missing. */
const UNFINISHED: ReadonlySet<unknown> = new Set(["error", "cancelled"]);

/** What a collect node does. */
export class CollectController {
  private readonly sessions: Sessions<Collected>;
  private readonly ended = new Set<string>();
  private readonly status: StatusLine;

  constructor(
    private readonly red: NodeRed,
    private readonly node: RuntimeNode,
    private readonly config: CollectConfig,
  ) {
    const seconds = Number(config.timeout);
    this.sessions = new Sessions({
      most: MOST_STREAMS,
      expiry: (seconds > 0 ? seconds : DEFAULT_TIMEOUT) * 1000,
      clock: systemClock,
      onEnd: (stream, reason) => this.over(stream, reason),
    });
    this.status = new StatusLine(node);
  }

  input(message: Message, send: Send, done: Done): void {
    if (this.control(message)) {
      done();
      return;
    }
    const id = message.parts?.id;
    if (typeof id !== "string" || !Number.isInteger(message.parts!.index) || message.parts!.index < 0) {
      throw new Failure(
        "configuration",
        "collect puts together the messages of a stream, which have msg.parts. Wire it behind a chat-stream.",
      );
    }
    if (this.ended.has(id)) {
      done();
      return;
    }
    let stream = this.sessions.get(id);
    if (!stream) {
      stream = { id, assembly: new Assembly(), newest: message, send, straggling: undefined };
      this.sessions.open(id, stream);
    }
    stream.newest = message;
    stream.send = send;
    const failure = this.take(stream, message);
    this.show();
    if (failure) done(toNodeError(failure));
    else done();
  }

  /** What is held is let go: there is nobody left to read it. */
  close(): void {
    this.sessions.endAll("closed");
    this.status.close();
  }

  /** @returns why the stream ends here, where that is a failure of its own and not one that it brought along */
  private take(stream: Collected, message: Message): Failure | undefined {
    const { assembly } = stream;
    try {
      assembly.add(message);
    } catch (thrown) {
      return this.giveUp(stream, asFailure(thrown));
    }
    if (assembly.whole) return this.emit(stream, assembly.last!);
    if (assembly.last)
      stream.straggling ??= setTimeout(() => this.abandon(stream, assembly.gap()), STRAGGLERS);
    return undefined;
  }

  private emit(stream: Collected, last: Message): Failure | undefined {
    const message = this.compose(stream, last);
    const finished = !UNFINISHED.has(last.finishReason) && last.error === undefined;
    if (finished && this.config.parse === "json") {
      try {
        message.payload = parseJson(withoutFence(String(message.payload)));
      } catch {
        return this.giveUp(
          stream,
          new Failure("bad_response", "The answer is not JSON, though this node is set to parse it."),
        );
      }
    }
    this.finish(stream);
    stream.send(finished ? [message, null] : [null, message]);
    return undefined;
  }

  /** Sends what there is of a stream by the second output. */
  private giveUp(stream: Collected, failure: Failure): Failure {
    this.finish(stream);
    this.unfinished(stream, failure);
    return failure;
  }

  /** The same where no message waits for the verdict: the author hears of it through Catch all the same. */
  private abandon(stream: Collected, failure: Failure): void {
    this.giveUp(stream, failure);
    this.node.error(toNodeError(failure), withoutStream(stream.newest));
    this.show();
  }

  /** A message for the second output, with what there was of the answer. */
  private unfinished(stream: Collected, failure: Failure): void {
    const message = this.compose(stream, stream.assembly.last ?? stream.newest);
    const error: FailureData = { ...failure.toJSON(), phase: "end", partial: stream.assembly.machine.text };
    message.finishReason ??= "error";
    message.error = error;
    stream.send([null, message]);
  }

  private compose(stream: Collected, last: Message): Message {
    const { machine } = stream.assembly;
    const response = machine.completion(stream.id);
    const message = withoutStream(last);
    const content: AssistantMessage["content"] | undefined = response.choices[0]?.message.content;
    message.payload = content ?? "";
    message.response = response;
    for (const key of ["finishReason", "usage", "stats", "request", "error", "conversation"]) {
      if (last[key] !== undefined) message[key] = last[key];
    }
    return message;
  }

  private finish(stream: Collected): void {
    this.sessions.end(stream.id, "finished");
  }

  private over(stream: Collected, reason: SessionEnd): void {
    clearTimeout(stream.straggling);
    this.ended.add(stream.id);
    if (this.ended.size > REMEMBERED) this.ended.delete(this.ended.values().next().value!);
    const failure = WHY[reason]?.();
    if (failure) this.abandon(stream, failure);
  }

  /** @returns whether the message was one */
  private control(message: Message): boolean {
    const id = message.parts?.id;
    if (Object.hasOwn(message, "flush")) {
      const which = (stream: Collected) => id === undefined || stream.id === id;
      for (const stream of this.sessions.list().filter(which)) {
        this.giveUp(
          stream,
          new Failure("interrupted", "The stream was sent on before its end, by msg.flush."),
        );
      }
      this.show();
      return true;
    }
    const control = controlOf(message);
    if (!control) return false;
    // A cancelled stream ends by itself, with a last message that is still to come.
    if (!control.reset) return true;
    // A stream that begins again (after a retry) is new under its old name: not late.
    this.sessions.endAll("cancelled", (stream) => id === undefined || stream.id === id);
    if (id !== undefined) this.ended.delete(id);
    this.show();
    return true;
  }

  private show(): void {
    this.status.show(() =>
      this.sessions.size === 0
        ? {}
        : {
            fill: "blue",
            shape: "dot",
            text: this.red._("collect.status.collecting", { count: this.sessions.size }),
          },
    );
  }
}

const WHY: Readonly<Partial<Record<SessionEnd, () => Failure>>> = {
  expired: () =>
    new Failure("timeout", "The stream's end never came; what there was of it has left by output 2."),
  overflow: () => new Failure("limit", "Too many streams are open; the oldest has left by output 2."),
};

/** Models like to put JSON into a fenced block, whatever they are told. */
function withoutFence(text: string): string {
  return /^\s*```(?:json)?\s*\n([\s\S]*?)\n?```\s*$/i.exec(text)?.[1] ?? text;
}
