import type { ChatMessage } from "../../../src/core/chat/chunk.js";
import { buildStats } from "../../../src/core/chat/stats.js";
import { Failure } from "../../../src/core/failure.js";
import { buildContinuation } from "../../../src/core/retry/continuation.js";
import type { RetryTag, RunTag } from "../../../src/node-red/messages/ask-tags.js";
import type { StreamMessage } from "../../../src/node-red/messages/stream-message.js";
import type { Message } from "../../../src/node-red/red/api.js";
import type { RetryEffect, RetryEvent } from "../../../src/node-red/retry/events.js";
import { type RetrySettings, readRetrySettings } from "../../../src/node-red/retry/settings.js";
import { type RetryContext, type RetryState, RetryStream } from "../../../src/node-red/retry/stream.js";
import { createIdReplacer } from "./random-ids.js";
import type { RetryHistory, RetryStep } from "./retry-history.js";
import { StreamReader } from "./stream-reader.js";

const OUTER: RunTag = { kind: "run", node: "router", run: "run-1", round: 2, stream: "stream-0" };
const QUESTION: ChatMessage = { role: "user", content: "Hi" };

/** The stream of one request as it comes in: what its service has said. */
class Source {
  index = 0;
  text = "";
  restarts = 0;
  /** Characters of its finished turns. */
  rounds: number[] = [];

  constructor(
    readonly id: string,
    /** Properties of the message that asked. */
    private readonly asked: Message,
    public messages: readonly ChatMessage[],
    private readonly parameters: Record<string, unknown>,
  ) {}

  createMessage(payload: string, more: Message = {}): StreamMessage {
    this.text += payload;
    const restarts = this.restarts > 0 ? { restarts: this.restarts } : {};
    return {
      ...this.asked,
      payload,
      parts: { id: this.id, index: this.index++, type: "string", ch: "", ...restarts },
      ...more,
    };
  }

  /** Begins again. @returns the message that says so */
  restart(): StreamMessage {
    this.restarts++;
    this.index = 0;
    this.text = "";
    this.rounds = [];
    const message = this.createMessage("", { reset: true });
    this.index = 0;
    return message;
  }

  /** A tool has answered: the next turn begins. */
  startTurn(): void {
    const done = this.rounds.reduce((sum, length) => sum + length, 0);
    this.rounds.push(this.text.length - done);
    this.messages = [
      ...this.messages,
      { role: "assistant", content: this.text.slice(done) },
      { role: "tool", content: "sunny" },
    ];
  }

  end(error: RetryStep["error"] | undefined): StreamMessage {
    const message = this.createMessage("", {
      complete: true,
      usage: null,
      finishReason: error ? "error" : "stop",
    });
    const done = this.rounds.reduce((sum, length) => sum + length, 0);
    const rounds = [...this.rounds, this.text.length - done].map((characters) => ({ characters }));
    message.parts.count = this.index;
    if (error) message.error = { message: "It failed.", ...error, partial: this.text };
    return Object.assign(message, {
      request: { model: "model-1", messages: this.messages, parameters: this.parameters },
      stats: buildStats(1, this.text.length, null, 100),
      ...(this.rounds.length > 0 ? { rounds } : {}),
    });
  }
}

/** @returns what an earlier life of the node asked for the stream, and what its reader has */
function createEarlierRequest({
  resumes,
}: RetryHistory): { tag: RetryTag; messages: readonly ChatMessage[]; text: string } | undefined {
  if (resumes === undefined) return undefined;
  const tag: RetryTag = {
    kind: "retry",
    node: "retry",
    deployId: "earlier",
    stream: "reader",
    attempt: 2,
    request: "r",
    route: "again",
    restarts: 1,
    messagesSent: 1,
  };
  if (resumes === "repeat") return { tag, messages: [QUESTION], text: "" };
  if (resumes === "restart") {
    const { messagesSent: _, ...restarting } = tag;
    return { tag: restarting, messages: [QUESTION], text: "" };
  }
  const text = "Once upon a time there was ";
  const { messages, continues } = buildContinuation([QUESTION], text, resumes);
  return { tag: { ...tag, continues }, messages, text };
}

/** Gets what the machine wanted, what had happened, and in which phase. */
type OnStep = (effects: readonly RetryEffect[], event: RetryEvent, phase: RetryState["phase"]) => void;

/** Plays a history to the machine of a retry node. */
export class RetryPlayer {
  readonly stream: RetryStream;
  readonly reader: StreamReader;
  readonly settings: RetrySettings;
  /** What the machine wanted after each event, as JSON, with ids in place of random ones. */
  readonly log: string[] = [];
  /** Whether the machine can know all text that the reader has: an earlier life of the node may have sent some of it. */
  isTextKnown: boolean;
  private readonly describe = createIdReplacer();
  private source: Source;
  private asked: { message: Message; messages: readonly ChatMessage[] };
  private now = 1000;
  private streams = 0;

  /** @param onSend what the reader does with a message after it was read */
  constructor(
    readonly history: RetryHistory,
    private readonly onSend: (message: Message) => void = () => {},
  ) {
    const { settings, deadEnds, hasOuterTag, missed } = history;
    const outerTags = hasOuterTag ? [OUTER] : [];
    const earlier = createEarlierRequest(history);
    const askedBy = earlier ? [...outerTags, earlier.tag] : outerTags;
    this.asked = {
      message: { topic: "t", _msgid: "m", ...(askedBy.length > 0 ? { askedBy } : {}) },
      messages: earlier?.messages ?? [QUESTION],
    };
    this.source = this.openSource();
    const { id } = this.source;
    this.reader = new StreamReader(earlier ? earlier.tag.stream : id, outerTags.length);
    this.reader.startAt(earlier?.text ?? "", earlier?.tag.messagesSent ?? 0);
    for (let nth = 0; nth < missed; nth++) {
      this.source.createMessage("Missed. ");
      this.reader.startAt(`${this.reader.text}Missed. `, this.reader.count + 1);
    }
    this.settings = readRetrySettings({ id: "", type: "", ...settings });
    const context: RetryContext = {
      settings: this.settings,
      asker: { node: "retry", deployId: "d" },
      now: () => this.now,
      random: () => 0.5,
      findDeadEnd: (route) => deadEnds[route],
    };
    this.isTextKnown = earlier === undefined && missed === 0;
    const first = new Source(id, this.asked.message, [], {}).createMessage("");
    this.stream = new RetryStream(first, context, earlier?.tag);
  }

  /** Plays the history, and then loses the stream, which ends it if it has not ended. */
  play(onStep: OnStep = () => {}): this {
    const { steps, missed } = this.history;
    // A node learns by the first message that an earlier life of it has got what came before.
    for (const [at, step] of steps.entries())
      this.playStep(at === 0 && missed > 0 ? { ...step, kind: "go" } : step, onStep);
    this.playStep({ ...steps[0]!, kind: "lost" }, onStep);
    return this;
  }

  private playStep(step: RetryStep, onStep: OnStep): void {
    this.now += step.milliseconds;
    const { phase } = this.stream.state;
    const event = this.createEvent(step);
    if ("message" in event && event.type !== "restarted")
      Object.assign(event.message, structuredClone(step.damage));
    const effects = this.stream.on(event);
    this.log.push(this.describe(JSON.stringify(effects)));
    this.obey(effects);
    onStep(effects, event, phase);
  }

  private obey(effects: readonly RetryEffect[]): void {
    for (const effect of effects) {
      if (effect.type === "send") {
        this.reader.read(effect.message);
        this.onSend(effect.message);
      }
      if (effect.type === "ask") {
        const { message } = effect;
        this.asked = { message: structuredClone(message), messages: message["messages"] as ChatMessage[] };
      }
    }
  }

  private openSource(): Source {
    const { message, messages } = this.asked;
    const { messages: _, options: __, model: ___, ...properties } = message;
    return new Source(`stream-${++this.streams}`, properties, messages, this.history.parameters);
  }

  /** @returns what happens by a step: messages of the present request, or what the shell tells */
  private createEvent(step: RetryStep): RetryEvent {
    const { state } = this.stream;
    const kind = step.kind === "go" && state.phase !== "passing" ? this.findWayOn() : step.kind;
    switch (kind) {
      case "claimed":
        if (state.phase === "asked") this.source = this.openSource();
        return { type: "claimed" };
      case "due":
      case "admitted":
      case "refused":
      case "cancelled":
        return { type: kind };
      case "lost":
        return { type: "lost", failure: new Failure("timeout", "Nothing came.") };
      default:
        return this.createMessageEvent(kind, step);
    }
  }

  private findWayOn(): "claimed" | "due" | "admitted" {
    const { state } = this.stream;
    if (state.phase !== "waiting") return "claimed";
    return state.isQueued ? "admitted" : "due";
  }

  private createMessageEvent(kind: RetryStep["kind"], { text, echo, chunk, error }: RetryStep): RetryEvent {
    const { source, reader, history } = this;
    // What an earlier life of the node had said cannot be said again.
    const mayRestart = history.resumes !== "prefill" && history.resumes !== "quote";
    if (kind === "restart" && mayRestart) return { type: "restarted", message: source.restart() };
    // The first failed request shows what it continued, unless tools have answered since.
    if (kind === "fail" && !this.stream.record.last)
      this.isTextKnown = mayRestart || source.rounds.length === 0;
    if (kind === "end") return { type: "message", message: source.end(undefined) };
    if (kind === "fail") return { type: "message", message: source.end(error) };
    if (kind === "turn") source.startTurn();
    if (kind === "echo")
      return {
        type: "message",
        message: source.createMessage(
          echo % 2 ? reader.text.slice(-echo) : reader.text.slice(0, echo) + text,
        ),
      };
    if (kind !== "chunk") return { type: "message", message: source.createMessage(text) };
    const content = chunk.choices[0]!.index === 0 && "content" in chunk.choices[0]!.delta ? text : "";
    const copy = structuredClone(chunk);
    if (content !== "") copy.choices[0]!.delta.content = content;
    return { type: "message", message: source.createMessage(content, { chunk: copy }) };
  }
}
