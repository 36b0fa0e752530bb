import { randomUUID } from "node:crypto";
import type { ChatObserver, ChatResult } from "../../client/chat-run.js";
import { resultWithout } from "../../client/empty-result.js";
import type { Chunk } from "../../core/chat/chunk.js";
import type { ChatRequest } from "../../core/chat/request.js";
import { asFailure, Failure } from "../../core/failure.js";
import { type SessionEnd, Sessions } from "../../core/lifecycle/sessions.js";
import type { Ticket } from "../../core/lifecycle/slots.js";
import { systemClock } from "../../transport/system-clock.js";
import { requireProvider } from "../chat-provider/lookup.js";
import type { RunningChat } from "../chat-provider/runtime.js";
import { CancelledStreams } from "../messages/cancelled-streams.js";
import { readControl } from "../messages/control.js";
import { asksFor, continuesOf } from "../messages/retry-tag.js";
import { StreamWriter } from "../messages/stream-writer.js";
import type { Done, Message, NodeRed, RuntimeNode, Send } from "../red/api.js";
import { toNodeError } from "../red/node-error.js";
import { feedsRetry } from "../red/wiring.js";
import { Arrivals } from "./arrivals.js";
import { composeRequest } from "./compose-request.js";
import type { ChatStreamConfig } from "./config.js";
import { ConversationStore } from "./conversation.js";
import { evaluateControlKey, evaluateKey } from "./conversation-key.js";
import { createJobFields, EMPTY_REQUEST, readJobWish } from "./job-fields.js";
import { Lanes } from "./lanes.js";
import { findReplaced } from "./replacement.js";
import type { ComposedRequest } from "./request.js";
import { StreamStatus } from "./status.js";
import { addTurn, endsTurn } from "./turn.js";

/** Streams that one node may have, running and waiting together: each holds its message. */
const MAX_STREAMS = 10_000;

/** One stream of the node, from its message to its end. */
interface Stream {
  id: string;
  /** Of its conversation; also its lane: two of one conversation do not run together unless the author wants it. */
  key: string;
  /** Whether its key is known. */
  hasKey: boolean;
  message: Message;
  writer: StreamWriter;
  done: Done;
  /** Its place in the lane, where one waits for the other. */
  ticket: Ticket | undefined;
  running: RunningChat | undefined;
  /** What is asked, once it is known to be a question. */
  composed: ComposedRequest | undefined;
  isOver: boolean;
}

/** What the end of a stream adds to its last message, and what went wrong only there. */
interface EndOfStream {
  fields: Message;
  failure?: Failure;
}

/** What a chat-stream node does. */
export class ChatStreamController {
  private readonly sessions: Sessions<Stream>;
  private readonly conversation: ConversationStore;
  private readonly arrivals = new Arrivals(systemClock);
  private readonly cancelled = new CancelledStreams();
  private readonly lanes = new Lanes();
  private readonly status: StreamStatus;
  private isClosed = false;
  /** The service's last notice: it comes with every answer, and is told once. */
  private lastNotice: string | undefined;

  constructor(
    private readonly red: NodeRed,
    private readonly node: RuntimeNode,
    private readonly config: ChatStreamConfig,
  ) {
    this.sessions = new Sessions({
      // `input` refuses the one too many; none that runs is ended for it.
      most: Number.POSITIVE_INFINITY,
      clock: systemClock,
      onEnd: (stream, reason) => this.onSessionEnd(stream, reason),
    });
    this.conversation = new ConversationStore(
      node,
      config.conversation ?? "none",
      Number(config.maxTurns) || 0,
    );
    this.status = new StreamStatus(red, node);
  }

  async input(message: Message, send: Send, done: Done): Promise<void> {
    const handleControl = readControl(message);
    if (handleControl) {
      await this.control(message, handleControl.reset);
      done();
      return;
    }
    const stream = this.admit(message, send, done);
    try {
      const [unreadable] = stream.writer.unreadable;
      if (unreadable) throw new Failure("invalid_request", `msg.${unreadable} cannot be read.`);
      if (this.sessions.size > MAX_STREAMS) {
        throw new Failure(
          "overloaded",
          `${MAX_STREAMS} streams run and wait in this node. Ask less at once.`,
        );
      }
      await this.arrivals.pass(evaluateKey(this.red, this.node, this.config, message), (key) =>
        this.enter(stream, key),
      );
    } catch (thrown) {
      this.fail(stream, thrown);
    }
  }

  /** Ends everything without a word: what is sent now would reach the flow that comes after. */
  close(): void {
    this.isClosed = true;
    this.sessions.endAll("closed");
    this.status.close();
  }

  /** From here on the message has a stream, which will have its one end. */
  private admit(message: Message, send: Send, done: Done): Stream {
    const id = randomUUID();
    const { mergeReads, partial } = this.config;
    const writer = new StreamWriter({
      id,
      message,
      send,
      mergeReads: mergeReads === true,
      // The rest of an answer that was broken off begins within the object.
      partial: partial === true && !continuesOf(message),
    });
    const stream: Stream = {
      id,
      key: "",
      hasKey: false,
      message,
      writer,
      done,
      ticket: undefined,
      running: undefined,
      composed: undefined,
      isOver: false,
    };
    this.sessions.open(id, stream);
    this.status.addStream(id);
    return stream;
  }

  /** Begins a stream, or lets it wait for the one before. */
  private enter(stream: Stream, key: string): void {
    stream.key = key;
    stream.hasKey = true;
    if (stream.isOver) return;
    if (!this.cancelled.admit(stream.id, key, stream.message)) {
      this.finish(stream, resultWithout("cancelled"));
      return;
    }
    const start = () => {
      this.start(stream).catch((thrown: unknown) => this.fail(stream, thrown));
    };
    if (this.config.whenBusy === "wait") stream.ticket = this.lanes.enter(key, start);
    else start();
  }

  private async start(stream: Stream): Promise<void> {
    const provider = requireProvider(this.red, this.config.provider);
    const job = readJobWish(stream.message);
    const request = job.only ? EMPTY_REQUEST : await this.compose(stream);
    if (!stream.isOver && this.config.whenBusy === "replace" && !job.only) this.replaceOlder(stream);
    if (stream.isOver) return;
    stream.running = provider.runtime.ask(
      { id: stream.id, request, everyChunk: this.config.everyChunk === true, job },
      this.createObserver(stream),
    );
  }

  /** Only what can be asked gets here: a message that cannot takes nobody's place. */
  private replaceOlder(stream: Stream): void {
    const replaced = findReplaced(stream, this.sessions.list());
    if (replaced) for (const { id } of replaced) this.sessions.end(id, "cancelled");
    else this.finish(stream, resultWithout("cancelled"));
  }

  private async compose(stream: Stream): Promise<ChatRequest> {
    const { key, message } = stream;
    stream.composed = await composeRequest(this.red, this.node, this.config, message, () =>
      this.conversation.read(key, message),
    );
    return stream.composed.request;
  }

  private createObserver(stream: Stream): ChatObserver {
    const { writer } = stream;
    return {
      onText: (text) => {
        writer.writeText(text);
        this.status.countChunk(stream.id);
      },
      onChunk: (chunk: Chunk, text) => {
        writer.writeChunk(chunk, text);
        this.status.countChunk(stream.id);
      },
      onReadEnd: () => writer.flush(),
      onEnd: (result) => this.finish(stream, result),
    };
  }

  private fail(stream: Stream, thrown: unknown): void {
    this.finish(stream, resultWithout("failed", asFailure(thrown, "invalid_request")));
  }

  /** The one end of a stream: its last message, then `done`. */
  private finish(stream: Stream, result: ChatResult): void {
    if (stream.isOver) return;
    stream.isOver = true;
    if (result.job?.warning) this.node.warn(result.job.warning);
    if (result.notice && result.notice !== this.lastNotice) this.node.warn(result.notice);
    this.lastNotice = result.notice ?? this.lastNotice;
    if (result.skipped > 0)
      this.node.warn(`${result.skipped} records of the stream were not JSON and have been skipped.`);
    void this.collectEndFields(stream, result).then((conclusion) => this.deliver(stream, result, conclusion));
  }

  private deliver(stream: Stream, result: ChatResult, { fields, failure }: EndOfStream): void {
    if (this.isClosed) return;
    stream.writer.end(result, fields);
    this.status.endStream(stream.id, result, failure);
    this.sessions.end(stream.id, "finished");
    const reported = failure ?? (feedsRetry(this.red, this.node) ? undefined : result.failure);
    if (reported) stream.done(toNodeError(reported));
    else stream.done();
    stream.ticket?.release();
  }

  /** What the last message says beside the result: what was asked, and the conversation as it stands now. */
  private async collectEndFields(stream: Stream, result: ChatResult): Promise<EndOfStream> {
    const { composed: ask, key, message } = stream;
    const fields = createJobFields(message, result);
    if (!ask) return { fields };
    fields.request = ask.request;
    if (!this.conversation.keepsHistory) return { fields };
    try {
      fields.conversation = endsTurn(result)
        ? await this.conversation.update(key, message, (history) => addTurn(history, ask, result, message))
        : await this.conversation.read(key, message);
    } catch (thrown) {
      // A failure of the stream itself has the say; the conversation's may be its cause.
      if (!result.failure) return { fields, failure: asFailure(thrown, "configuration") };
    }
    return { fields };
  }

  /** Stops the streams that a control message means: the one it names, else its conversation's, else all. */
  private async control(message: Message, reset: boolean): Promise<void> {
    const { id } = message.parts ?? {};
    // Always a promise: stopped from within one, a thousand ends go out before a thousand connections close.
    const keyMeant = async () => evaluateControlKey(this.red, this.node, this.config, message);
    let keys: string[];
    if (id !== undefined) {
      this.cancelled.cancel(id);
      // At once, whatever its key. After a retry, the stream's reader knows it by another id than we do.
      keys = this.stop((stream) => stream.id === id || asksFor(stream.message, id));
      if (reset && keys.length === 0) keys = [await keyMeant()];
    } else {
      // What has come after the control message is not meant.
      keys = await this.arrivals.pass(keyMeant(), (key) => {
        this.cancelled.cancelAll(key);
        return [key, ...this.stop((stream) => stream.hasKey && (key === "" || stream.key === key))];
      });
    }
    if (!reset || !this.conversation.keepsHistory) return;
    await Promise.all([...new Set(keys)].map((key) => this.conversation.forget(key)));
  }

  /** @returns the keys of those that were stopped, as far as known */
  private stop(which: (stream: Stream) => boolean): string[] {
    const stopped = this.sessions.list().filter(which);
    for (const { id } of stopped) this.sessions.end(id, "cancelled");
    return stopped.filter(({ hasKey: entered }) => entered).map(({ key }) => key);
  }

  /** A session was ended from outside, or has finished by itself. */
  private onSessionEnd(stream: Stream, reason: SessionEnd): void {
    if (reason === "finished") return;
    if (reason === "closed") {
      stream.isOver = true;
      stream.running?.cancel();
      return;
    }
    if (stream.running) stream.running.cancel();
    else this.finish(stream, resultWithout("cancelled"));
  }
}
