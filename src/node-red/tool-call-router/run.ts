import type { AssistantMessage, ToolCall } from "../../core/chat/chunk.js";
import type { Stats } from "../../core/chat/stats.js";
import { readCost } from "../../core/cost/amount.js";
import { Failure, toFailure } from "../../core/failure.js";
import { isObject } from "../../core/json/parse.js";
import { readCalledName } from "../../core/tools/name.js";
import { buildNextRequest, readChatRequest } from "../../core/tools/next-request.js";
import { createFailedResult, type ToolResult } from "../../core/tools/result.js";
import { ToolRound } from "../../core/tools/round.js";
import type { AskTag } from "../messages/ask-tags.js";
import { copyParts, inheritProperties } from "../messages/inherited-properties.js";
import type { StreamMessage } from "../messages/stream-message.js";
import type { Message } from "../red/api.js";
import { type AllowedCall, type CallContext, planCalls } from "./plan-calls.js";
import { composeLast, createRunMessage, placeMessage, type RunOutcome } from "./reader-stream.js";
import { createRunRecord, type RunRecord } from "./record.js";
import { composeNextTurn } from "./requests.js";
import { Turn } from "./turn.js";

/** Where a run stands. */
export type RunState =
  /** A request has left, and nothing has come back yet. */
  | { phase: "asked" }
  /** The turn's stream arrives. */
  | { phase: "streaming"; turn: Turn }
  /** Tools work on the turn's calls. */
  | { phase: "calling"; round: ToolRound; answer: AssistantMessage }
  | { phase: "ended" };

export type RunEvent =
  /** The turn's stream begins with this message, which is not read yet. */
  | { type: "begun"; message: StreamMessage }
  /** A message of the turn's stream, in order; the last one too. */
  | { type: "message"; message: StreamMessage }
  /** The turn's stream began again at its source. */
  | { type: "restarted"; message: StreamMessage }
  | { type: "answered"; id: string; result: ToolResult }
  /** The tools' time is up. */
  | { type: "toolsTimedOut" }
  | { type: "cancelled" }
  /** The run cannot go on. */
  | { type: "lost"; failure: Failure };

/** What the shell does for a run, in this order. */
export type RunEffect =
  | { type: "send"; message: Message }
  | { type: "ask"; message: Message; tag: AskTag }
  | ({ type: "call" } & AllowedCall)
  /** Tells the author something once. */
  | { type: "warn"; text: string }
  | { type: "awaitTools"; milliseconds: number }
  /** Nothing is waited for any more: answers of tools are late from here on. */
  | { type: "forgetTools" }
  /** The input that brought the turn's last message is done. */
  | { type: "done"; failure?: Failure }
  | { type: "report"; failure: Failure; message: Message }
  /** @param code code of the failure; "" without one */
  | { type: "end"; code: string; isCancelled: boolean };

/** What the machine asks of its surroundings. */
export interface RunContext extends CallContext {
  node: string;
  /** Why the next turn cannot be asked for; undefined if it can. */
  findDeadEnd(): string | undefined;
}

/** Characters of a tool's name that the author is shown. */
const MAX_NAME_CHARS = 80;

const NO_REQUEST =
  "The stream's last message has no msg.request, so the tools' results cannot be sent back. Leave it on the message.";

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
    else if (state.phase === "calling") this.handleWhileCalling(state.round, event);
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
    else if (finishReason === "length") this.fail(createCutOffFailure());
    else if (finishReason !== "tool_calls") this.end(undefined);
    else if (record.round > maxRounds) this.fail(createRoundsFailure(maxRounds));
    else {
      record.request = readChatRequest(last.request);
      if (record.request) this.call(answer!, calls);
      else this.fail(new Failure("configuration", NO_REQUEST, { phase: "end" }));
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
    this.current = { phase: "calling", round, answer };
    this.holdLast();
    this.push({ type: "awaitTools", milliseconds: context.settings.toolTimeout });
    const plan = planCalls(round.calls, record, context);
    for (const text of plan.warnings) this.warn(text);
    for (const { call, text, outcome } of plan.refused)
      round.answer(call.id, createFailedResult(text), context.now(), outcome);
    for (const call of plan.allowed) this.push({ type: "call", ...call });
    this.push({ type: "done" });
    this.settle(round);
  }

  private handleWhileCalling(round: ToolRound, event: RunEvent): void {
    if (event.type === "answered") {
      round.answer(event.id, event.result, this.context.now());
      this.settle(round);
    } else if (event.type === "toolsTimedOut") this.timeOut(round);
  }

  private timeOut(round: ToolRound): void {
    const { record, context } = this;
    const seconds = context.settings.toolTimeout / 1000;
    const silent = [
      ...new Set(round.openCalls.map(({ call }) => readCalledName(call).slice(0, MAX_NAME_CHARS))),
    ];
    record.timedOutTool = silent[0] ?? "";
    this.warn(
      `No answer came within ${seconds} s from: ${silent.join(", ")}. Wire the tool's flow back into this node, and leave msg.toolCall on the message.`,
    );
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

function createCutOffFailure(): Failure {
  const text =
    "The answer was cut off inside a tool call, so no tool was called. Allow more tokens, or ask for less at once.";
  return new Failure("interrupted", text, { phase: "end", retryable: false });
}

function createRoundsFailure(maxRounds: number): Failure {
  const text = `The model has called tools ${maxRounds} times in a row and wants more. Its conversation is in msg.request; raise the limit of rounds if that is right.`;
  return new Failure("tool_rounds", text, { phase: "end" });
}
