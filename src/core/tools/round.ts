import type { ChatMessage, ToolCall } from "../chat/chunk.js";
import type { ToolResult } from "./result.js";

/** How a call fared: `refused` are arguments that no tool was given, `unavailable` a tool that cannot be reached. */
export type CallOutcome =
  | "answered"
  | "failed"
  | "timed_out"
  | "unknown"
  | "refused"
  | "unavailable"
  | "cancelled";

/** What the reader is told of a call. */
export interface CallReport {
  id: string;
  name: string;
  outcome: CallOutcome;
  /** Milliseconds from the call to its answer. */
  durationMs: number;
}

/** One call of a turn. */
export interface RoundCall {
  /** Unique in the run: a vendor's id may come twice. */
  readonly id: string;
  readonly call: ToolCall;
  outcome: CallOutcome | undefined;
  text: string;
  durationMs: number;
}

/** The calls of one turn, until each has its one answer. */
export class ToolRound {
  private readonly byId: ReadonlyMap<string, RoundCall>;

  /**
   * @param taken ids of the run's earlier calls; those of this turn are added
   * @param now milliseconds of a monotonic clock
   */
  constructor(
    calls: readonly ToolCall[],
    taken: Set<string>,
    private readonly startedAt: number,
  ) {
    this.byId = new Map(
      calls.map((call) => {
        const id = createUnusedId(call.id, taken);
        taken.add(id);
        return [id, { id, call, outcome: undefined, text: "", durationMs: 0 }];
      }),
    );
  }

  /** All calls, in the order in which they were made. */
  get calls(): RoundCall[] {
    return [...this.byId.values()];
  }

  /** Those without an answer. */
  get openCalls(): RoundCall[] {
    return this.calls.filter(({ outcome }) => outcome === undefined);
  }

  get isComplete(): boolean {
    return this.openCalls.length === 0;
  }

  /** Whether there is such a call, and it has no answer. */
  isOpen(id: string): boolean {
    const call = this.byId.get(id);
    return call !== undefined && call.outcome === undefined;
  }

  /** Takes the answer to a call. @returns false where there is no such call, or it has one */
  answer(id: string, { text, failed }: ToolResult, now: number, outcome?: CallOutcome): boolean {
    const call = this.byId.get(id);
    if (!call || call.outcome !== undefined) return false;
    call.outcome = outcome ?? (failed ? "failed" : "answered");
    call.text = text;
    call.durationMs = Math.round(now - this.startedAt);
    return true;
  }

  /** Ends all that is open. */
  answerRest(result: ToolResult, now: number, outcome: CallOutcome): void {
    for (const { id } of this.openCalls) this.answer(id, result, now, outcome);
  }

  /** The results as the next turn has them: in the order of the calls, whatever the order of the answers. */
  buildMessages(): ChatMessage[] {
    return this.calls.map(({ call, text }) => ({ role: "tool", tool_call_id: call.id, content: text }));
  }

  buildReports(): CallReport[] {
    return this.calls.map(({ id, call, outcome, durationMs }) => ({
      id,
      name: call.function.name,
      outcome: outcome ?? "cancelled",
      durationMs,
    }));
  }
}

function createUnusedId(id: string, taken: ReadonlySet<string>): string {
  if (!taken.has(id)) return id;
  let nth = 2;
  while (taken.has(`${id}~${nth}`)) nth++;
  return `${id}~${nth}`;
}
