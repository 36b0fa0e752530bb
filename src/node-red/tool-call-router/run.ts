import type { AssistantMessage, ToolCall } from "../../core/chat/chunk.js";
import type { Stats } from "../../core/chat/stats.js";
import { readCost } from "../../core/cost/amount.js";
import { Failure, toFailure } from "../../core/failure.js";
import { isObject } from "../../core/json/parse.js";
import { buildNextRequest, readChatRequest } from "../../core/tools/next-request.js";
import { createFailedResult } from "../../core/tools/result.js";
import { ToolRound } from "../../core/tools/round.js";
import type { AskTag } from "../messages/ask-tags.js";
import { copyParts, inheritProperties } from "../messages/inherited-properties.js";
import type { StreamMessage } from "../messages/stream-message.js";
import type { Message } from "../red/api.js";
import { type AllowedCall, planCalls } from "./calls/plan-calls.js";
import { describeSilence, listSilent } from "./calls/silence.js";
import { composeLast, createRunMessage, placeMessage, type RunOutcome } from "./reader-stream.js";
import { createRunRecord, type RunRecord } from "./record.js";
import { composeNextTurn } from "./requests.js";
import type { CallingState, RunContext, RunEffect, RunEvent, RunState } from "./run-events.js";
import { createCutOffCallFailure, createNoRequestFailure, createRoundsFailure } from "./texts.js";
import { Turn } from "./turn.js";

/** One request and all the turns that its tool calls lead to: one stream for its reader. A state machine. */
export class RouterRun {
  readonly record: RunRecord;
  private current: RunState = { phase: "asked" };
  private effects: RunEffect[] = [];

  /**
   * @param base a message whose properties ride along
   * @param outerTags tags of the nodes on whose behalf the run was asked for
   */
  constructor(
    base: Message,
    outerTags: readonly AskTag[],
    private readonly context: RunContext,
  ) {
    this.record = createRunRecord(base, outerTags);
  }

  get state(): Readonly<RunState> {
    return this.current;
  }

  /** Takes what happened. @returns what to do about it */
  on(event: RunEvent): RunEffect[] {
    this.effects = [];
    try {
      this.handle(event);
    } catch (thrown) {
      this.fail(toFailure(thrown));
    }
    return this.effects;
  }

  private handle(event: RunEvent): void {
    const state = this.current;
    if (state.phase === "ended") return;
    if (event.type === "cancelled") this.end({ finishReason: "cancelled" });
    else if (event.type === "lost") this.fail(event.failure);
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
    const { id } = message.parts;
    record.stream ??= id;
    // The message goes on to the reader, who may change it.
    record.base = { ...inheritProperties(message), parts: copyParts(message.parts)! };
    this.current = { phase: "streaming", turn: new Turn(id) };
  }

  private handleWhileStreaming(turn: Turn, event: RunEvent): void {
    if (event.type === "restarted") this.beginAgain(turn, event.message);
    if (event.type !== "message") return;
    const { message } = event;
    const isForReader = turn.read(message);
    if (message.complete === true) this.endTurn(turn, message);
    else if (isForReader) this.send(message);
  }

  /** The turn's stream begins again: the reader forgets everything, and gets the earlier turns' text once more. */
  private beginAgain(turn: Turn, message: StreamMessage): void {
    const { record } = this;
    this.current = { phase: "streaming", turn: new Turn(turn.source) };
    record.restarts++;
    record.nextIndex = 0;
    const { count: _, ...parts } = message.parts;
    this.send({ ...inheritProperties(message), payload: "", parts, reset: true });
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
    if (!wantsTools) this.end(undefined);
    else if (record.isCancelled) this.end({ finishReason: "cancelled" });
    else if (finishReason === "length") this.fail(createCutOffCallFailure());
    else if (finishReason !== "tool_calls") this.end(undefined);
    else if (record.round > maxRounds) this.fail(createRoundsFailure(maxRounds));
    else {
      record.request = readChatRequest(last.request);
      if (record.request) this.call(answer!, calls);
      else this.fail(createNoRequestFailure());
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
    const round = new ToolRound(calls, record.callIds, context.now());
    const calling: CallingState = { phase: "calling", round, answer, asked: new Map(), atServer: new Set() };
    this.current = calling;
    this.holdLast();
    this.push({ type: "awaitTools", milliseconds: context.settings.toolTimeout });
    const plan = planCalls(round.calls, record, context);
    for (const text of plan.warnings) this.warn(text);
    for (const { call, text, outcome } of plan.refused)
      round.answer(call.id, createFailedResult(text), context.now(), outcome);
    for (const call of plan.allowed) this.make(calling, call);
    this.push({ type: "done" });
    this.settle(round);
  }

  /** Sends a call on its way: at most once, however often it is approved. */
  private make({ asked, atServer }: CallingState, call: AllowedCall): void {
    const { id } = call.call;
    if (call.tool?.remote && call.tool.output !== undefined) asked.set(id, call);
    if (call.tool?.remote && call.tool.output === undefined) {
      atServer.add(id);
      this.push({ type: "callServer", ...call });
    } else this.push({ type: "call", ...call });
  }

  private handleWhileCalling(state: CallingState, event: RunEvent): void {
    const { round, asked, atServer } = state;
    if (event.type === "answered") {
      asked.delete(event.id);
      round.answer(event.id, event.result, this.context.now());
      this.settle(round);
    } else if (event.type === "approved") {
      const call = asked.get(event.id);
      if (!call || !asked.delete(event.id)) return;
      atServer.add(event.id);
      this.push({ type: "callServer", ...call, arguments: event.arguments });
    } else if (event.type === "toolsTimedOut") this.timeOut(state);
  }

  private timeOut(state: CallingState): void {
    const { record, context } = this;
    const { round } = state;
    const seconds = context.settings.toolTimeout / 1000;
    record.timedOutTool = listSilent(round.openCalls)[0] ?? "";
    for (const text of describeSilence(state, seconds)) this.warn(text);
    const result = createFailedResult(`The tool timed out: no answer came within ${seconds} s.`);
    round.answerRest(result, context.now(), "timed_out");
    this.settle(round);
  }

  /** Asks for the next turn once every call has its answer. */
  private settle(round: ToolRound): void {
    const { current, context, record } = this;
    if (!round.isComplete || current.phase !== "calling") return;
    const deadEnd = context.findDeadEnd();
    if (deadEnd !== undefined) throw new Failure("configuration", deadEnd, { phase: "end" });
    record.request = buildNextRequest(record.request!, current.answer, round.buildMessages());
    this.reportCalls();
    record.round++;
    record.progress = "";
    this.current = { phase: "asked" };
    const { message, tag } = composeNextTurn(record, context.node);
    this.push({ type: "forgetTools" }, { type: "ask", message, tag });
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

  private fail(failure: Failure): void {
    this.end({ finishReason: "error", failure });
  }

  /** Ends the run with a last message of its own, or with that of its last turn. */
  private end(outcome: RunOutcome | undefined): void {
    const { failure } = outcome ?? {};
    const text = this.text;
    if (failure) failure.partial = text;
    this.reportCalls();
    this.current = { phase: "ended" };
    const message = composeLast(this.record, outcome, text, this.context.now());
    this.push({ type: "forgetTools" }, { type: "send", message });
    this.push(failure ? { type: "done", failure } : { type: "done" });
    if (failure) this.push({ type: "report", failure, message });
    const isCancelled = outcome?.finishReason === "cancelled";
    this.push({ type: "end", code: failure?.code ?? "", isCancelled });
  }

  private sendText(payload: string): void {
    this.send(createRunMessage(this.record, payload));
  }

  private send(message: StreamMessage): void {
    this.push({ type: "send", message: placeMessage(this.record, message) });
  }

  private warn(text: string): void {
    this.push({ type: "warn", text });
  }

  private push(...effects: RunEffect[]): void {
    this.effects.push(...effects);
  }
}
