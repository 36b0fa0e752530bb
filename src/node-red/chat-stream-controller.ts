import { randomUUID } from "node:crypto";
import type { ChatObserver, ChatResult } from "../chat-run.js";
import type { ChatMessage, Chunk } from "../core/chunk.js";
import { asFailure, Failure } from "../core/failure.js";
import { type SessionEnd, Sessions } from "../core/sessions.js";
import { systemClock } from "../transport/system-clock.js";
import { providerNode } from "./admin.js";
import { controlOf } from "./control.js";
import { type ConversationPlace, ConversationStore } from "./conversation.js";
import { toNodeError } from "./error.js";
import { evaluate } from "./evaluate.js";
import { StreamWriter } from "./message.js";
import { type Ask, composeAsk, type ParameterConfig, parametersFrom, withHistory } from "./prompt.js";
import { type RunningChat, resultWithout } from "./provider-runtime.js";
import type { Done, Message, NodeConfig, NodeRed, RuntimeNode, Send } from "./red.js";
import { StreamStatus } from "./stream-status.js";

/** A chat-stream as it stands in a flow file. */
export interface ChatStreamConfig extends NodeConfig, ParameterConfig {
  provider?: string;
  model?: string;
  system?: string;
  systemType?: string;
  prompt?: string;
  promptType?: string;
  conversation?: ConversationPlace;
  conversationKey?: string;
  conversationKeyType?: string;
  maxTurns?: number | string;
  /** What a message does that arrives while one streams. */
  whenBusy?: "concurrent" | "wait" | "replace";
  everyChunk?: boolean;
  mergeReads?: boolean;
}

/** Streams that one node may have, running and waiting together: each holds its message. */
const MOST_STREAMS = 10_000;

/** One stream of the node, from its message to its end. */
interface Stream {
  id: string;
  /** Streams of one lane do not run together unless the author wants them to. */
  lane: string;
  key: string;
  message: Message;
  writer: StreamWriter;
  done: Done;
  running: RunningChat | undefined;
  /** Begins it; taken away when it has begun. */
  start: (() => void) | undefined;
  ask: Ask | undefined;
  over: boolean;
}

/** What a chat-stream node does. */
export class ChatStreamController {
  private readonly sessions: Sessions<Stream>;
  private readonly conversation: ConversationStore;
  private readonly status: StreamStatus;
  private closed = false;

  constructor(
    private readonly red: NodeRed,
    private readonly node: RuntimeNode,
    private readonly config: ChatStreamConfig,
  ) {
    this.sessions = new Sessions({
      most: MOST_STREAMS,
      clock: systemClock,
      onEnd: (stream, reason) => this.ended(stream, reason),
    });
    this.conversation = new ConversationStore(
      node,
      config.conversation ?? "none",
      Number(config.maxTurns) || 0,
    );
    this.status = new StreamStatus(red, node);
  }

  async input(message: Message, send: Send, done: Done): Promise<void> {
    const control = controlOf(message);
    const key = await this.keyOf(message);
    if (control) {
      this.control(message, key);
      if (control.reset && this.conversation.active) await this.conversation.forget(key);
      done();
      return;
    }
    const id = randomUUID();
    const writer = new StreamWriter({ id, message, send, mergeReads: this.config.mergeReads === true });
    const stream: Stream = {
      id,
      lane: this.conversation.active ? key : "",
      key,
      message,
      writer,
      done,
      running: undefined,
      start: undefined,
      ask: undefined,
      over: false,
    };
    if (this.sessions.size >= MOST_STREAMS) {
      this.finish(
        stream,
        resultWithout("failed", new Failure("overloaded", "Too many streams wait in this node.")),
      );
      return;
    }
    const { whenBusy = "concurrent" } = this.config;
    const busy = whenBusy !== "concurrent" && this.lane(stream.lane).length > 0;
    this.sessions.open(id, stream);
    if (busy && whenBusy === "replace") {
      this.sessions.endAll("cancelled", (other) => other !== stream && other.lane === stream.lane);
    }
    stream.start = () => {
      stream.start = undefined;
      this.begin(stream).catch((thrown: unknown) => {
        this.finish(stream, resultWithout("failed", asFailure(thrown, "invalid_request")));
      });
    };
    if (busy && whenBusy === "wait") this.status.queued(this.waiting());
    else stream.start();
  }

  /** Ends everything without a word: what is sent now would reach the flow that comes after. */
  close(): void {
    this.closed = true;
    this.sessions.endAll("closed");
    this.status.close();
  }

  private async begin(stream: Stream): Promise<void> {
    const { red, node, config } = this;
    const provider = providerNode(red, config.provider);
    if (!provider) {
      throw new Failure("configuration", "This node has no provider. Choose one in its dialog and deploy.");
    }
    this.status.waiting(stream.id);
    const prompt = await evaluate(
      red,
      node,
      config.prompt || "payload",
      config.promptType || "msg",
      stream.message,
    );
    const system = await evaluate(red, node, config.system ?? "", config.systemType || "str", stream.message);
    const ask = composeAsk(prompt, promptName(config), stream.message, {
      model: config.model ?? "",
      system,
      parameters: parametersFrom(config),
    });
    const history = await this.conversation.read(stream.key, stream.message);
    if (stream.over) return;
    // Whoever sent the message may go on to change it; what is asked, and reported as asked, stays.
    ask.request = red.util.cloneMessage(withHistory(ask, history));
    stream.ask = ask;
    stream.running = provider.runtime.ask(
      { id: stream.id, request: ask.request, everyChunk: config.everyChunk === true },
      this.observer(stream),
    );
  }

  private observer(stream: Stream): ChatObserver {
    const { writer } = stream;
    return {
      onText: (text) => {
        writer.text(text);
        this.status.chunk(stream.id);
      },
      onChunk: (chunk: Chunk, text) => {
        writer.chunk(chunk, text);
        this.status.chunk(stream.id);
      },
      onReadEnd: () => writer.flush(),
      onEnd: (result) => this.finish(stream, result),
    };
  }

  /** The one end of a stream: its last message, then `done`. */
  private finish(stream: Stream, result: ChatResult): void {
    if (stream.over) return;
    stream.over = true;
    if (result.skipped > 0)
      this.node.warn(`${result.skipped} records of the stream were not JSON and have been skipped.`);
    this.conclude(stream, result).then(
      (fields) => this.deliver(stream, result, fields),
      (thrown: unknown) => this.deliver(stream, result, {}, asFailure(thrown, "configuration")),
    );
  }

  private deliver(stream: Stream, result: ChatResult, fields: Message, spoilt?: Failure): void {
    if (this.closed) return;
    stream.writer.end(result, fields);
    this.status.ended(stream.id, result);
    this.sessions.end(stream.id, "finished");
    const failure = result.failure ?? spoilt;
    if (failure && !(result.failure && this.feedsRetry())) stream.done(toNodeError(failure));
    else stream.done();
    this.next(stream.lane);
  }

  /** What the last message says beside the result: what was asked, and the conversation as it stands now. */
  private async conclude(stream: Stream, result: ChatResult): Promise<Message> {
    const { ask } = stream;
    if (!ask) return {};
    const { messages, model, tools, parameters } = ask.request;
    const fields: Message = { request: { messages, model, ...(tools ? { tools } : {}), parameters } };
    if (!this.conversation.active) return fields;
    const history = await this.conversation.read(stream.key, stream.message);
    fields.conversation = history;
    // An answer that asks for tools is not the end of a turn: the next request brings it, with the results.
    if (result.outcome === "complete" && result.finishReason !== "tool_calls") {
      const before = ask.whole ? [] : history;
      const turn = ask.turn.filter(({ role }) => role !== "system" && role !== "developer");
      const grown = this.red.util.cloneMessage([...before, ...turn, answerOf(result)]);
      fields.conversation = await this.conversation.write(stream.key, grown);
    }
    return fields;
  }

  /** Stops the streams that a control message means: the one it names, else its conversation's, else all. */
  private control(message: Message, key: string): void {
    const id = message.parts?.id;
    if (id !== undefined && this.sessions.get(id)) this.sessions.end(id, "cancelled");
    else if (this.conversation.active && key !== "")
      this.sessions.endAll("cancelled", (stream) => stream.key === key);
    else if (id === undefined) this.sessions.endAll("cancelled");
  }

  /** A session was ended from outside, or has finished by itself. */
  private ended(stream: Stream, reason: SessionEnd): void {
    if (reason === "finished") return;
    if (reason === "closed") {
      stream.over = true;
      stream.running?.cancel();
      return;
    }
    if (stream.running) stream.running.cancel();
    else this.finish(stream, resultWithout("cancelled"));
  }

  private next(lane: string): void {
    if (this.config.whenBusy !== "wait") return;
    const streams = this.lane(lane);
    if (streams.every(({ start }) => start !== undefined)) streams[0]?.start?.();
  }

  private lane(lane: string): Stream[] {
    return this.sessions.list().filter((stream) => stream.lane === lane && !stream.over);
  }

  private waiting(): number {
    return this.sessions.list().filter(({ start }) => start !== undefined).length;
  }

  private async keyOf(message: Message): Promise<string> {
    if (!this.conversation.active) return "";
    const { conversationKey = "topic", conversationKeyType = "msg" } = this.config;
    const key = await evaluate(this.red, this.node, conversationKey, conversationKeyType, message);
    return key === undefined || key === null ? "" : String(key);
  }

  /** Where the stream goes straight into a retry node, its failure is that node's to mend or to report. */
  private feedsRetry(): boolean {
    const targets = (this.node.wires ?? []).flat();
    return targets.some((id) => this.red.nodes.getNode(id)?.type === "retry");
  }
}

function promptName(config: ChatStreamConfig): string {
  const type = config.promptType || "msg";
  return type === "msg" ? `msg.${config.prompt || "payload"}` : `the prompt (${type})`;
}

/** The answer as history: what it said, without what services refuse to read back. */
function answerOf(result: ChatResult): ChatMessage {
  const message = result.completion.choices[0]?.message;
  return { role: message?.role ?? "assistant", content: message?.content ?? message?.refusal ?? "" };
}
