import type { ChatMessage, Chunk } from "../../../src/core/chat/chunk.js";
import { buildStats } from "../../../src/core/chat/stats.js";
import { Failure } from "../../../src/core/failure.js";
import type { RetryTag } from "../../../src/node-red/messages/ask-tags.js";
import { readPayloadText, type StreamMessage } from "../../../src/node-red/messages/stream-message.js";
import type { Message } from "../../../src/node-red/red/api.js";
import { restoreRun, storeRun } from "../../../src/node-red/tool-call-router/kept/stored-run.js";
import { RunRecord } from "../../../src/node-red/tool-call-router/record.js";
import { RouterRun } from "../../../src/node-red/tool-call-router/run.js";
import type {
  RunContext,
  RunEffect,
  RunEvent,
  RunState,
} from "../../../src/node-red/tool-call-router/run-events.js";
import { readSettings } from "../../../src/node-red/tool-call-router/settings.js";
import { createIdReplacer } from "./random-ids.js";
import { TIME, WEATHER } from "./router-world.js";
import type { RunHistory, RunStep } from "./run-history.js";
import { StreamReader } from "./stream-reader.js";

const OUTER: RetryTag = {
  kind: "retry",
  node: "retry",
  stream: "s",
  attempt: 2,
  request: "r",
  deployId: "d",
  route: "again",
  restarts: 0,
  messagesSent: 0,
};

/** A tool that came with the request. */
const OWN_TOOL = { type: "function", function: { name: "own_tool", parameters: { type: "object" } } };

/** The stream of one turn as it comes in. */
class TurnSource {
  text = "";
  /** Calls so far. */
  calls = 0;
  private index = 0;
  private restarts = 0;

  constructor(
    readonly id: string,
    /** Properties of the message that asked. */
    private readonly asked: Message,
  ) {}

  createMessage(payload: string, chunk?: Chunk): StreamMessage {
    this.text += payload;
    const restarts = this.restarts > 0 ? { restarts: this.restarts } : {};
    const parts = { id: this.id, index: this.index++, type: "string", ch: "", ...restarts };
    return { ...this.asked, payload, parts, ...(chunk ? { chunk: structuredClone(chunk) } : {}) };
  }

  /** @returns the first message as the shell shows it when the stream begins; it comes once more in order */
  createBeginning(): StreamMessage {
    return { ...this.asked, payload: "", parts: { id: this.id, index: 0, type: "string", ch: "" } };
  }

  /** Begins again. @returns the message that says so */
  restart(): StreamMessage {
    this.restarts++;
    this.index = this.calls = 0;
    this.text = "";
    const message = { ...this.createMessage(""), reset: true };
    this.index = 0;
    return message;
  }

  /** @returns a message with a whole call, and perhaps text */
  call({ name, args, id }: RunStep["call"], text: string): StreamMessage {
    const call = { index: this.calls++, id, type: "function", function: { name, arguments: args } };
    const delta = { ...(text === "" ? {} : { content: text }), tool_calls: [call] };
    return this.createMessage(text, { choices: [{ index: 0, delta, finish_reason: null }] });
  }

  /** @returns the last message, with what was asked */
  end({ finish, fails, text }: RunStep, request: object): StreamMessage {
    const finishReason = fails ? "error" : finish;
    const chunk = { choices: [{ index: 0, delta: {}, finish_reason: finishReason }] };
    const message = this.createMessage(text, chunk);
    message.parts.count = this.index;
    if (fails) message.error = new Failure(fails, "It failed.", { partial: this.text }).toJSON();
    const stats = buildStats(1, this.text.length, null, 100);
    return Object.assign(message, {
      complete: true,
      usage: { total_tokens: 7 },
      finishReason,
      request,
      stats,
    });
  }
}

/** Gets what the machine wanted, what had happened, and in which phase. */
type OnStep = (effects: readonly RunEffect[], event: RunEvent, phase: RunState["phase"]) => void;

/** A step at which the process ends, and starts again with what is stored. */
export interface Crash {
  /** Number of the step, from 0. */
  step: number;
  /** Whether it ends as soon as the step is stored, or once everything is done that the step wants. */
  isEarly: boolean;
}

/** Plays a history to the machine of a tool-call-router. */
export class RunPlayer {
  run: RouterRun;
  readonly reader: StreamReader;
  /** What the machine wanted after each event, as JSON, with ids in place of random ones. */
  readonly log: string[] = [];
  /** The conversation of the newest request. */
  conversation: ChatMessage[] = [{ role: "user", content: "Hi" }];
  /** All text of the turns, as far as it was said since they began. */
  expectedText = "";
  /** Characters of it that belong to finished turns. */
  private finished = 0;
  private readonly describe = createIdReplacer();
  private readonly asked: Message;
  private source: TurnSource;
  private now = 1000;
  private streams = 0;
  private steps = 0;
  private readonly context: RunContext;
  /** The run as it is in the store, and what was expected then. */
  private stored: { run: string; text: string; conversation: ChatMessage[] } | undefined;
  /** Whether the process has ended and nothing was stored, so that nobody knows of the run. */
  isLost = false;

  /**
   * @param onSend what the reader does with a message after it was read
   * @param crash default: none, and nothing is stored
   */
  constructor(
    readonly history: RunHistory,
    private readonly onSend: (message: Message) => void = () => {},
    private readonly crash?: Crash,
  ) {
    const { settings, missing, deadEnd, hasOuterTag } = history;
    const outerTags = hasOuterTag ? [OUTER] : [];
    this.asked = { topic: "t", _msgid: "m", ...(hasOuterTag ? { askedBy: outerTags } : {}) };
    const keepRuns = crash ? "file" : "";
    const full = readSettings({ id: "", type: "", tools: [WEATHER, TIME], keepRuns, ...settings }).settings;
    this.context = {
      node: "router",
      settings: full,
      listTools: () => full.tools,
      now: () => this.now,
      date: () => this.now,
      findDeadEnd: () => deadEnd,
      findMissingTool: (_tool, name) => (missing.includes(name) ? `No wire to ${name}.` : undefined),
    };
    this.run = new RouterRun(new RunRecord({ ...this.asked, payload: "Hi" }, outerTags), this.context);
    this.source = this.openSource();
    this.reader = new StreamReader(undefined, outerTags.length);
  }

  /** Plays the history, and then loses the run, which ends it if it has not ended. */
  play(onStep: OnStep = () => {}): this {
    const { steps } = this.history;
    for (const step of [...steps, { ...steps[0]!, kind: "lost" as const }])
      if (!this.isLost) this.playStep(step, onStep);
    return this;
  }

  private playStep(step: RunStep, onStep: OnStep): void {
    this.now += step.milliseconds;
    const { phase } = this.run.state;
    if (step.kind === "cancelSoon") {
      this.run.record.isCancelled = true;
      return;
    }
    const event = this.createEvent(step);
    if (event.type === "message") Object.assign(event.message, structuredClone(step.damage));
    if (phase === "streaming") this.expect(event);
    const effects = this.run.on(event);
    this.log.push(this.describe(JSON.stringify(effects)));
    const isCrash = this.steps++ === this.crash?.step;
    const done = this.carryOut(effects, isCrash && this.crash!.isEarly);
    onStep(done, event, phase);
    if (isCrash) this.restart(onStep);
  }

  /** @param untilStored whether to stop at what is to be stored @returns what was carried out */
  private carryOut(effects: readonly RunEffect[], untilStored = false): RunEffect[] {
    for (const [at, effect] of effects.entries()) {
      if (effect.type === "keep") this.store();
      if (effect.type === "keep" && untilStored) return effects.slice(0, at);
      if (effect.type === "end") this.stored = undefined;
      if (effect.type === "ask")
        this.conversation = structuredClone(effect.message["messages"] as ChatMessage[]);
      if (effect.type !== "send") continue;
      this.reader.read(effect.message);
      this.onSend(effect.message);
    }
    return [...effects];
  }

  private store(): void {
    const run = storeRun(this.run.record, this.run.state, this.context);
    const { expectedText, finished, conversation } = this;
    if (run) this.stored = { run: JSON.stringify(run), text: expectedText.slice(0, finished), conversation };
  }

  private restart(onStep: OnStep): void {
    const { stored, context } = this;
    this.isLost = !stored;
    if (!stored) return;
    const { record, state } = restoreRun(JSON.parse(stored.run), context);
    this.run = new RouterRun(record, context, state);
    this.expectedText = stored.text;
    this.finished = stored.text.length;
    this.conversation = stored.conversation;
    const event = { type: "resumed" } as const;
    onStep(this.carryOut(this.run.on(event)), event, state.phase);
  }

  private expect(event: RunEvent): void {
    if (event.type === "restarted") this.expectedText = this.expectedText.slice(0, this.finished);
    if (event.type !== "message") return;
    this.expectedText += readPayloadText(event.message);
    if (event.message["complete"] === true) this.finished = this.expectedText.length;
  }

  private openSource(): TurnSource {
    return new TurnSource(`stream-${++this.streams}`, this.asked);
  }

  private createEvent(step: RunStep): RunEvent {
    const { source, run } = this;
    const { text, chunk, call, nth } = step;
    switch (step.kind === "go" ? this.findWayOn() : step.kind) {
      case "begun":
        if (run.state.phase === "asked") this.source = this.openSource();
        return { type: "begun", message: this.source.createBeginning() };
      case "answer":
        return { type: "answered", id: this.pickCall(nth), result: { text, failed: nth === 0 } };
      case "toolsTimedOut":
        return { type: "toolsTimedOut" };
      case "cancelled":
        return { type: "cancelled" };
      case "lost":
        return { type: "lost", failure: new Failure("timeout", "Nothing came.") };
      case "restart":
        return { type: "restarted", message: source.restart() };
      case "end":
        return { type: "message", message: source.end(step, this.buildRequest()) };
      case "call":
        return { type: "message", message: source.call(call, text) };
      case "chunk":
        return { type: "message", message: source.createMessage("", chunk) };
      default:
        return { type: "message", message: source.createMessage(text) };
    }
  }

  private findWayOn(): RunStep["kind"] {
    const { phase } = this.run.state;
    return phase === "asked" ? "begun" : phase === "calling" ? "answer" : "text";
  }

  private buildRequest(): object {
    const { conversation: messages, history } = this;
    return { model: "model-1", messages, tools: [OWN_TOOL], parameters: history.parameters };
  }

  /** @returns the id of a call: of an open one, of an answered one, or of none */
  private pickCall(nth: number): string {
    const { state } = this.run;
    if (state.phase !== "calling") return "a";
    const calls = nth < 4 ? state.round.openCalls : state.round.calls;
    return calls[nth % Math.max(1, calls.length)]?.id ?? "none";
  }
}
