import type { ChatObserver } from "../../client/chat-types.js";
import { buildEmptyResult } from "../../client/chat-types.js";
import type { ChatMessage, Chunk } from "../../core/chat/chunk.js";
import type { ChatRequest } from "../../core/chat/request.js";
import { Failure, toFailure } from "../../core/failure.js";
import { type SessionEnd, Sessions } from "../../core/lifecycle/sessions.js";
import { systemClock } from "../../transport/system-clock.js";
import { AnswerWarnings } from "../chat-provider/answer-warnings.js";
import { findProvider, requireProvider } from "../chat-provider/lookup.js";
import { asksFor, continuesEarlierWork, findRetryTag, readResumption } from "../messages/ask-tags.js";
import { CancelledStreams } from "../messages/cancelled-streams.js";
import { readControl } from "../messages/control.js";
import type { Done, Message, NodeRed, RuntimeNode, Send } from "../red/api.js";
import { NodeHost } from "../red/host.js";
import { readStreamId } from "../red/names.js";
import { cancels } from "../runs/cancels.js";
import { runningRuns } from "../runs/register.js";
import { ChatTrace } from "../traces/chat-trace.js";
import { isReturnedRefusal } from "../wires/ask-loops.js";
import { Arrivals } from "./arrivals.js";
import { Lanes, Replacements } from "./busy/lanes.js";
import { Steering } from "./busy/steering.js";
import { composeRequest } from "./composing/compose-request.js";
import type { ComposedRequest } from "./composing/request.js";
import { type ChatStreamConfig, readStreamSettings, type StreamSettings } from "./config.js";
import { ConversationStore } from "./conversation/store.js";
import { evaluateControlKey, evaluateKey } from "./conversation-key.js";
import { sendCounters } from "./counters.js";
import { EMPTY_REQUEST, readJobWish } from "./job-fields.js";
import { rememberSchema } from "./parameters.js";
import { createSession, type StreamSession } from "./session.js";
import { StreamStatus } from "./status.js";
import { StreamEnds } from "./stream-ends.js";

/** Streams of one node, running and waiting together. Each holds its message. */
const MAX_STREAMS = 10_000;

/** The runtime half of a chat-stream node: turns each message into a request, and its answer into a stream. */
export class ChatStreamController {
  private readonly sessions: Sessions<StreamSession>;
  private readonly settings: StreamSettings;
  /** What is wrong with the settings. Every message fails with it. */
  private readonly misconfigured: Failure | undefined;
  private readonly conversation: ConversationStore;
  private readonly arrivals = new Arrivals();
  private readonly cancelled = new CancelledStreams();
  private readonly lanes = new Lanes();
  private readonly replacements = new Replacements();
  private readonly steering: Steering;
  private readonly status: StreamStatus;
  private readonly host: NodeHost;
  private readonly ends: StreamEnds;
  private arrivalCount = 0;
  private readonly forgetSchema: () => void;

  constructor(
    private readonly red: NodeRed,
    private readonly node: RuntimeNode,
    private readonly config: ChatStreamConfig,
  ) {
    this.host = new NodeHost(red, node, systemClock);
    this.sessions = new Sessions({
      // `input` refuses a stream too many, so that no running one is ended for it.
      maxOpen: Number.POSITIVE_INFINITY,
      clock: systemClock,
      onEnd: (stream, reason) => this.handleSessionEnd(stream, reason),
    });
    try {
      this.settings = readStreamSettings(config);
    } catch (thrown) {
      this.misconfigured = toFailure(thrown, "configuration");
      this.settings = readStreamSettings({ id: config.id, type: config.type });
    }
    this.steering = new Steering({
      runs: runningRuns,
      run: (callback) => this.host.run(callback),
      compose: (message) => this.composeMessage(message, async () => []),
      fail: (stream, thrown) => this.fail(stream, thrown),
      finishSteered: (stream) =>
        this.ends.finish(stream, { ...buildEmptyResult("complete"), finishReason: "steered" }),
    });
    this.conversation = new ConversationStore(node, this.settings.conversation, this.host.clock);
    this.status = new StreamStatus(red, node);
    this.ends = new StreamEnds({
      host: this.host,
      conversation: this.conversation,
      status: this.status,
      warnings: new AnswerWarnings(node),
      closeSession: (id) => this.sessions.end(id, "finished"),
    });
    this.forgetSchema = rememberSchema(config);
  }

  async input(message: Message, send: Send, done: Done): Promise<void> {
    if (sendCounters(this.red, this.config, message, send)) return done();
    const control = readControl(message);
    if (control || isReturnedRefusal(this.red, this.node, message)) {
      if (this.misconfigured) throw this.misconfigured;
      if (control) await this.handleControl(message, control.reset);
      done();
      return;
    }
    const stream = this.admit(message, send, done);
    try {
      if (this.misconfigured) throw this.misconfigured;
      const [unreadable] = stream.writer.unreadable;
      if (unreadable) {
        throw new Failure(
          "invalid_request",
          `msg.${unreadable} cannot be read: its getter throws. Remove it.`,
        );
      }
      if (this.sessions.size > MAX_STREAMS) {
        throw new Failure(
          "overloaded",
          `${MAX_STREAMS} streams are running or waiting in this node. Send fewer requests at once.`,
        );
      }
      const key = evaluateKey(this.red, this.node, this.host.clock, this.config, message);
      await this.arrivals.pass(key, (evaluated) => this.enter(stream, evaluated));
    } catch (thrown) {
      this.fail(stream, thrown);
    }
  }

  /** Ends all streams without a last message. If one were sent now, it would reach the newly deployed flow. */
  close(): Promise<void> | undefined {
    this.steering.close();
    this.ends.close();
    this.sessions.endAll("closed");
    this.status.close();
    this.forgetSchema();
    return this.conversation.close();
  }

  /** Opens a stream for a message. From here on it has exactly one last message. */
  private admit(message: Message, send: Send, done: Done): StreamSession {
    const cancel = (id: string) => this.sessions.end(id, "cancelled");
    const { red, node, config } = this;
    const stream = createSession(
      { red, node, config, arrival: ++this.arrivalCount, message, send, done },
      cancel,
    );
    this.sessions.open(stream.id, stream);
    this.status.addStream(stream.id);
    return stream;
  }

  /** Starts a stream whose key is known, or queues it behind the streams of its conversation. */
  private enter(stream: StreamSession, key: string): void {
    stream.key = key;
    stream.hasKey = true;
    if (stream.isOver) return;
    if (stream.isUnwanted() || !this.cancelled.admit(stream.id, key, stream.message)) {
      this.ends.finish(stream, buildEmptyResult("cancelled"));
      return;
    }
    const start = () => {
      this.start(stream).catch((thrown: unknown) => this.fail(stream, thrown));
    };
    const { whenBusy } = this.settings;
    if (whenBusy === "wait") stream.ticket = this.lanes.enter(key, start);
    else if (whenBusy === "steer") stream.ticket = this.steering.enter(stream, start);
    else start();
  }

  private async start(stream: StreamSession): Promise<void> {
    const provider = requireProvider(this.red, this.config.provider);
    const job = readJobWish(stream.message);
    const request = job.only ? EMPTY_REQUEST : await this.compose(stream);
    if (!stream.isOver && this.settings.whenBusy === "replace" && !job.only) this.replaceOlder(stream);
    if (stream.isOver) return;
    // What others have begun passes before new questions, and is not refused after a tool has acted.
    const isUrgent = continuesEarlierWork(stream.message);
    const resume = readResumption(stream.message);
    const trace = ChatTrace.open(stream.message, findRetryTag(stream.message)?.attempt ?? 1);
    stream.running = provider.runtime.ask(
      { id: stream.id, request, settings: this.config, job, isUrgent, trace, resume },
      this.createObserver(stream),
    );
  }

  /** Ends the older streams of the conversation. */
  private replaceOlder(stream: StreamSession): void {
    const replaced = this.replacements.add(stream);
    if (replaced) for (const { id } of replaced) this.sessions.end(id, "cancelled");
    else this.ends.finish(stream, buildEmptyResult("cancelled"));
  }

  private async compose(stream: StreamSession): Promise<ChatRequest> {
    const { host } = this;
    const { key, message } = stream;
    const readHistory = async () => {
      const history = await this.conversation.read(key, message);
      // Else it could be forgotten while it is answered. The request does not wait for that.
      if (history.length > 0) host.run(() => this.conversation.keepBounds(key));
      return history;
    };
    const composed = await this.composeMessage(message, readHistory);
    if (this.settings.whenBusy === "steer") await this.steering.join(stream, composed);
    stream.composed = composed;
    return composed.request;
  }

  private composeMessage(
    message: Message,
    readHistory: () => Promise<ChatMessage[]>,
  ): Promise<ComposedRequest> {
    const { red, node, config, host } = this;
    return composeRequest({ red, node, clock: host.clock, config, readHistory }, message);
  }

  private createObserver(stream: StreamSession): ChatObserver {
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
      onReplay: (text) => writer.addReplayedText(text),
      onReadEnd: () => writer.flush(),
      onEnd: (result) => this.ends.finish(stream, result),
    };
  }

  private fail(stream: StreamSession, thrown: unknown): void {
    this.ends.finish(stream, buildEmptyResult("failed", toFailure(thrown, "invalid_request")));
  }

  /** Stops the streams that a control message applies to: the one it names, else those of its conversation, else all. */
  private async handleControl(message: Message, reset: boolean): Promise<void> {
    const id = readStreamId(message);
    // Always a promise: if its callback stops a thousand streams, all last messages leave before the connections close.
    const evaluateTarget = async () =>
      evaluateControlKey(this.red, this.node, this.host.clock, this.config, message);
    let keys: string[];
    if (id !== undefined) {
      this.cancelled.cancel(id);
      findProvider(this.red, this.config.provider)?.runtime.stopInBackground(id);
      // At once, whatever its key is. After a retry, the stream's reader knows it by the id of the first attempt.
      keys = this.stop((stream) => stream.id === id || asksFor(stream.message, id));
      cancels.cancel(id);
      if (reset && keys.length === 0) keys = [await evaluateTarget()];
    } else {
      // In order of arrival: messages after the control message are not stopped.
      keys = await this.arrivals.pass(evaluateTarget(), (key) => {
        // The streams that run here say so themselves, and may be thousands.
        const cancelled = this.cancelled
          .cancelAll(key)
          .filter((id) => this.sessions.get(id)?.isOver !== false);
        const stopped = this.stop((stream) => stream.hasKey && (key === "" || stream.key === key));
        // Last: a question that waits for a run starts when it ends, unless it is stopped before.
        for (const name of cancelled) cancels.cancel(name);
        return [key, ...stopped];
      });
    }
    if (!reset || !this.conversation.keepsHistory) return;
    await Promise.all([...new Set(keys)].map((key) => this.conversation.forget(key)));
  }

  /** @returns the keys of the stopped streams, as far as they are known */
  private stop(which: (stream: StreamSession) => boolean): string[] {
    const stopped = this.sessions.list().filter(which);
    // The newest first: else each place that gets free starts a request that is stopped the next moment.
    for (const { id } of stopped.toReversed()) this.sessions.end(id, "cancelled");
    return stopped.filter(({ hasKey }) => hasKey).map(({ key }) => key);
  }

  /** Stops a stream whose session was ended from outside. */
  private handleSessionEnd(stream: StreamSession, reason: SessionEnd): void {
    this.replacements.remove(stream);
    if (reason === "finished") return;
    if (reason === "closed") {
      stream.isOver = true;
      stream.abandon();
      stream.running?.cancel();
      return;
    }
    if (stream.running) stream.running.cancel();
    else this.ends.finish(stream, buildEmptyResult("cancelled"));
  }
}
