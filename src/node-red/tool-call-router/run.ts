import type { AssistantMessage, ToolCall } from "../../core/chat/chunk.js";
import type { Stats } from "../../core/chat/stats.js";
import { readCost } from "../../core/cost/amount.js";
import { Failure, toFailure } from "../../core/failure.js";
import { isObject } from "../../core/json/parse.js";
import { buildNextRequest, readChatRequest } from "../../core/tools/next-request.js";
import { createFailedResult } from "../../core/tools/result.js";
import { ToolRound } from "../../core/tools/round.js";
import { copyParts, inheritProperties } from "../messages/inherited-properties.js";
import { createMessageBefore, type StreamMessage } from "../messages/stream-message.js";
import { type AllowedCall, planCalls } from "./calls/plan-calls.js";
import { describeSilence, listSilent } from "./calls/silence.js";
import { composeLast, createRunMessage, placeMessage, type RunOutcome } from "./reader-stream.js";
import type { RunRecord } from "./record.js";
import { composeNextTurn } from "./requests.js";
import type { CallingState, RunContext, RunEffect, RunEvent, RunState } from "./run-events.js";
import {
  createCutOffCallFailure,
  createExpiredFailure,
  createNoRequestFailure,
  createRoundsFailure,
  NO_CALLS,
  UNKNOWN_OUTCOME,
} from "./texts.js";
import { Turn } from "./turn.js";

/** One request and all the turns that its tool calls lead to: one stream for its reader. A state machine. */
export class RouterRun {
  private effects: RunEffect[] = [];

  /** @param current where a run stands that goes on */
  constructor(
    readonly record: RunRecord,
    private readonly context: RunContext,
    private current: RunState = { phase: "asked" },
  ) {}

  get state(): Readonly<RunState> {
    return this.current;
  }

  /** Takes what happened. @returns what to do about it */
  on(event: RunEvent): RunEffect[] {
    this.effects = [];
    try {
      this.handle(event);
    } catch (thrown) {
      this.end(toFailure(thrown));
    }
    return this.effects;
  }

  private handle(event: RunEvent): void {
    const state = this.current;
    if (state.phase === "ended") return;
    if (event.type === "cancelled") this.end("cancelled");
    else if (event.type === "lost") this.end(event.failure);
    else if (event.type === "resumed") this.resume(state);
    else if (state.phase === "asked" && event.type === "begun") this.begin(event.message);
    else if (state.phase === "streaming") this.handleWhileStreaming(state.turn, event);
    else if (state.phase === "calling") this.handleWhileCalling(state, event);
  }

  /** All the text that the reader has. */
  private get text(): string {
    const { current, record } = this;
    return record.finishedTurnsText + (current.phase === "streaming" ? current.turn.text : "");
  }

  private begin(message: StreamMessage): void {
    const { record } = this;
    record.stream ??= message.parts.id;
    // The message goes on to the reader, who may change it.
    record.base = { ...inheritProperties(message), parts: copyParts(message.parts)! };
    this.current = { phase: "streaming", turn: new Turn(message.parts.id) };
    if (record.mustReplay) this.replay(createRunMessage(record, ""));
  }

  /** Goes on after a restart. Only requests to the model are made again. */
  private resume(state: RunState): void {
    const { context } = this;
    if (state.phase === "asked") this.ask();
    if (state.phase !== "calling") return;
    this.effects.push({ type: "awaitTools", milliseconds: Math.max(1, state.until - context.date()) });
    for (const id of state.atServer)
      state.round.answer(id, createFailedResult(UNKNOWN_OUTCOME), context.now());
    state.atServer.clear();
    this.settle();
  }

  private handleWhileStreaming(turn: Turn, event: RunEvent): void {
    if (event.type === "restarted") {
      this.current = { phase: "streaming", turn: new Turn(turn.source) };
      this.replay(event.message);
    }
    if (event.type !== "message") return;
    const { message } = event;
    const isForReader = turn.read(message);
    if (message.complete === true) this.endTurn(turn, message);
    else if (isForReader) this.send(message);
  }

  /**
   * The reader forgets everything, and gets the earlier turns' text once more.
   * @param message whose properties ride along
   */
  private replay(message: StreamMessage): void {
    const { record } = this;
    record.mustReplay = false;
    record.restarts++;
    // Readers ignore a number that they have seen, so that of a later life has to be higher.
    this.keep();
    record.nextIndex = 0;
    this.send({ ...createMessageBefore(message, ""), reset: true });
    record.nextIndex = 0;
    if (record.finishedTurnsText !== "") this.sendText(record.finishedTurnsText);
  }

  /** A turn's stream has ended: with calls, or the run ends with it. */
  private endTurn(turn: Turn, last: StreamMessage): void {
    const { record, context } = this;
    const { maxRounds } = context.settings;
    const finishReason = typeof last.finishReason === "string" ? last.finishReason : turn.finishReason;
    const answer = turn.buildAnswer();
    const calls = answer?.tool_calls ?? [];
    this.noteTurn(turn, last, finishReason);
    const wantsTools = last.error === undefined && calls.length > 0;
    if (!wantsTools) {
      if (finishReason === "tool_calls" && calls.length === 0) this.warn(NO_CALLS);
      this.end();
    } else if (record.isCancelled) this.end("cancelled");
    else if (finishReason === "length") this.end(createCutOffCallFailure());
    else if (finishReason !== "tool_calls") this.end();
    else if (record.round > maxRounds) this.end(createRoundsFailure(maxRounds));
    else {
      record.request = readChatRequest(last.request);
      if (record.request) this.call(answer!, calls);
      else this.end(createNoRequestFailure());
    }
  }

  private noteTurn(turn: Turn, last: StreamMessage, finishReason: string): void {
    const { record } = this;
    const characters = turn.text.length;
    record.finishedTurnsText += turn.text;
    record.last = last;
    record.timedOutTool = "";
    const cost = readCost(last["cost"]);
    record.cost.add(cost);
    record.rounds.push({ usage: last.usage ?? null, cost, finishReason, characters, calls: [] });
    this.current = { phase: "asked" };
    if (!isObject(last.stats)) return;
    record.stats.add(last.stats as unknown as Stats, this.context.now(), 0);
    record.attempts += Number(last.stats["attempts"]) || 1;
  }

  /** Checks the calls of a turn, and sends those that may be made, all at once. The others are answered here. */
  private call(answer: AssistantMessage, calls: readonly ToolCall[]): void {
    const { record, context } = this;
    const { maxWait } = context.settings;
    const round = new ToolRound(calls, record.callIds, context.now());
    const calling: CallingState = {
      phase: "calling",
      round,
      answer,
      asked: new Map(),
      atServer: new Set(),
      until: context.date() + maxWait,
    };
    this.current = calling;
    this.holdLast();
    this.effects.push({ type: "awaitTools", milliseconds: maxWait });
    const plan = planCalls(round.calls, record, context);
    for (const text of plan.warnings) this.warn(text);
    for (const { call, text, outcome } of plan.refused)
      round.answer(call.id, createFailedResult(text), context.now(), outcome);
    if (plan.allowed.length > 0) this.keep();
    for (const call of plan.allowed) this.make(calling, call);
    this.effects.push({ type: "done" });
    this.settle();
  }

  /** Sends a call on its way: at most once, however often it is approved. */
  private make(state: CallingState, call: AllowedCall): void {
    const { remote, output } = call.tool ?? {};
    if (remote && output === undefined) {
      this.callServer(state, call);
      return;
    }
    if (remote) state.asked.set(call.call.id, call);
    this.effects.push({ type: "call", ...call });
  }

  private callServer({ atServer }: CallingState, call: AllowedCall): void {
    atServer.add(call.call.id);
    this.effects.push({ type: "callServer", ...call });
  }

  private handleWhileCalling(state: CallingState, event: RunEvent): void {
    const { round, asked } = state;
    if (event.type === "answered") {
      asked.delete(event.id);
      if (round.answer(event.id, event.result, this.context.now()) && !round.isComplete) this.keep();
      this.settle();
    } else if (event.type === "approved") {
      const call = asked.get(event.id);
      if (!call) return;
      asked.delete(event.id);
      this.keep();
      this.callServer(state, { ...call, arguments: event.arguments });
    } else if (event.type === "toolsTimedOut") this.timeOut(state);
  }

  private timeOut(state: CallingState): void {
    const { record, context } = this;
    const { round } = state;
    const { keepRuns, maxWait, toolTimeout } = context.settings;
    const names = listSilent(round.openCalls);
    if (keepRuns !== "") throw createExpiredFailure(names, maxWait);
    const seconds = toolTimeout / 1000;
    record.timedOutTool = names[0] ?? "";
    for (const text of describeSilence(state, seconds)) this.warn(text);
    const result = createFailedResult(`The tool timed out: no answer came within ${seconds} s.`);
    round.answerRest(result, context.now(), "timed_out");
    this.settle();
  }

  /** Asks for the next turn once every call has its answer. */
  private settle(): void {
    const { current, context, record } = this;
    if (current.phase !== "calling" || !current.round.isComplete) return;
    const deadEnd = context.findDeadEnd();
    if (deadEnd !== undefined) throw new Failure("configuration", deadEnd, { phase: "end" });
    record.request = buildNextRequest(record.request!, current.answer, current.round.buildMessages());
    this.reportCalls();
    record.round++;
    record.progress = "";
    this.current = { phase: "asked" };
    this.effects.push({ type: "forgetTools" });
    this.keep();
    this.ask();
  }

  /** Asks the model for the present turn. */
  private ask(): void {
    const { message, tag } = composeNextTurn(this.record, this.context.node);
    this.effects.push({ type: "ask", message, tag });
  }

  /** Has the run stored, before what comes after is done. */
  private keep(): void {
    if (this.context.settings.keepRuns !== "") this.effects.push({ type: "keep" });
  }

  /** The last message waits for the end of the run; what it adds belongs to the reader now. */
  private holdLast(): void {
    const last = this.record.last!;
    const { payload } = last;
    last.payload = "";
    if (typeof payload === "string" && payload !== "") this.sendText(payload);
  }

  /** Notes how the turn's calls have fared. */
  private reportCalls(): void {
    const { current, record } = this;
    const report = record.rounds.at(-1);
    if (report && current.phase === "calling") report.calls = current.round.buildReports();
  }

  /** Ends the run with a last message of its own, or with that of its last turn. */
  private end(outcome?: RunOutcome): void {
    const isCancelled = outcome === "cancelled";
    const failure = isCancelled ? undefined : outcome;
    const text = this.text;
    if (this.record.mustReplay) this.replay(createRunMessage(this.record, ""));
    if (failure) failure.partial = text;
    this.reportCalls();
    this.current = { phase: "ended" };
    const message = composeLast(this.record, outcome, text, this.context.now());
    this.effects.push(
      { type: "forgetTools" },
      { type: "send", message },
      failure ? { type: "report", failure, message } : { type: "done" },
      { type: "end", code: failure?.code ?? "", isCancelled },
    );
  }

  private sendText(payload: string): void {
    this.send(createRunMessage(this.record, payload));
  }

  private send(message: StreamMessage): void {
    this.effects.push({ type: "send", message: placeMessage(this.record, message) });
  }

  private warn(text: string): void {
    this.effects.push({ type: "warn", text });
  }
}
