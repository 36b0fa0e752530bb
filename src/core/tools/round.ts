import type { ChatMessage, ToolCall } from "../chat/chunk.js";
import { readCalledName } from "./name.js";
import type { ToolResult } from "./result.js";

/**
 * How a call ended. `unknown`: there is no such tool. `refused`: the arguments were wrong, so no tool got them.
 * `unavailable`: nothing is connected to the tool.
 */
export type CallOutcome =
  | "answered"
  | "failed"
  | "timed_out"
  | "unknown"
  | "refused"
  | "unavailable"
  | "cancelled";

/** A call as the reader of the stream sees it. */
export interface CallReport {
  /** Unique in the run. */
  id: string;
  name: string;
  outcome: CallOutcome;
  /** Milliseconds from the call to its answer; 0 if it has none. */
  durationMs: number;
}

/** A call of the current turn. */
export interface RoundCall {
  /** Unique in the run. A vendor may use an id twice, so it can differ from `call.id`. */
  readonly id: string;
  readonly call: ToolCall;
  /** undefined while the call waits for its answer. */
  outcome: CallOutcome | undefined;
  /** The answer for the model. */
  text: string;
  /** Milliseconds from the call to its answer. */
  durationMs: number;
}

/** The tool calls of one turn. It is complete once each call has an answer; only the first answer counts. */
export class ToolRound {
  private byId: ReadonlyMap<string, RoundCall>;

  /**
   * @param usedIds ids of the run's earlier calls; the ids of this turn are added
   * @param startedAt milliseconds of a monotonic clock
   */
  constructor(
    calls: readonly ToolCall[],
    usedIds: Set<string>,
    private readonly startedAt: number,
  ) {
    this.byId = new Map(
      calls.map((call) => {
        const id = createUnusedId(call.id, usedIds);
        usedIds.add(id);
        return [id, { id, call, outcome: undefined, text: "", durationMs: 0 }];
      }),
    );
  }

  /**
   * @param calls as `calls` lists them
   * @param startedAt milliseconds of a monotonic clock
   */
  static restore(calls: readonly RoundCall[], startedAt: number): ToolRound {
    const round = new ToolRound([], new Set(), startedAt);
    round.byId = new Map(calls.map((call) => [call.id, { ...call }]));
    return round;
  }

  /** @returns milliseconds since the calls were made */
  countElapsed(now: number): number {
    return now - this.startedAt;
  }

  /** All calls, in the order in which the model made them. */
  get calls(): RoundCall[] {
    return [...this.byId.values()];
  }

  /** The calls without an answer. */
  get openCalls(): RoundCall[] {
    return this.calls.filter(({ outcome }) => outcome === undefined);
  }

  /** Whether every call has an answer. */
  get isComplete(): boolean {
    return this.openCalls.length === 0;
  }

  /** Whether a call of this id exists and has no answer. */
  isOpen(id: string): boolean {
    const call = this.byId.get(id);
    return call !== undefined && call.outcome === undefined;
  }

  /**
   * Stores the answer to a call.
   * @param now milliseconds of a monotonic clock
   * @param outcome default: `answered`, or `failed` for a failed result
   * @returns false if there is no such call or it already has an answer
   */
  answer(id: string, { text, failed }: ToolResult, now: number, outcome?: CallOutcome): boolean {
    const call = this.byId.get(id);
    if (!call || call.outcome !== undefined) return false;
    call.outcome = outcome ?? (failed ? "failed" : "answered");
    call.text = text;
    call.durationMs = Math.round(now - this.startedAt);
    return true;
  }

  /** Gives all open calls the same answer. */
  answerRest(result: ToolResult, now: number, outcome: CallOutcome): void {
    for (const { id } of this.openCalls) this.answer(id, result, now, outcome);
  }

  /** Builds the tools' messages for the next request, in the order of the calls. */
  buildMessages(): ChatMessage[] {
    return this.calls.map(({ call, text }) => ({ role: "tool", tool_call_id: call.id, content: text }));
  }

  /** Builds the reports for the reader. A call without an answer counts as cancelled. */
  buildReports(): CallReport[] {
    return this.calls.map(({ id, call, outcome, durationMs }) => ({
      id,
      name: readCalledName(call),
      outcome: outcome ?? "cancelled",
      durationMs,
    }));
  }
}

function createUnusedId(id: string, usedIds: ReadonlySet<string>): string {
  if (!usedIds.has(id)) return id;
  let nth = 2;
  while (usedIds.has(`${id}~${nth}`)) nth++;
  return `${id}~${nth}`;
}
