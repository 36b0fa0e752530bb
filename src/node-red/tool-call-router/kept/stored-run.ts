import type { AssistantMessage } from "../../../core/chat/chunk.js";
import type { ChatRequest } from "../../../core/chat/request.js";
import { type StoredStats, TotalStats } from "../../../core/chat/stats.js";
import { isObject } from "../../../core/json/parse.js";
import type { RemoteTool, Tool } from "../../../core/tools/definitions.js";
import { readCalledName } from "../../../core/tools/name.js";
import { type RoundCall, ToolRound } from "../../../core/tools/round.js";
import type { StreamMessage } from "../../messages/stream-message.js";
import type { Message } from "../../red/api.js";
import type { AllowedCall } from "../calls/plan-calls.js";
import { RunRecord } from "../record.js";
import type { RunContext, RunState } from "../run-events.js";
import { copyKeepable } from "./keepable-copy.js";

/** A call that waits to be approved. Its tool is looked up anew, since the server may have changed it. */
interface StoredApproval {
  id: string;
  arguments: Record<string, unknown>;
  remote: RemoteTool;
}

/** Where a stored run stands: a request to the model is under way, or tools are at work. */
type StoredState =
  | { phase: "asked" }
  | {
      phase: "calling";
      answer: AssistantMessage;
      calls: RoundCall[];
      /** Milliseconds since the calls were made. */
      elapsedMs: number;
      asked: StoredApproval[];
      atServer: string[];
      until: number;
    };

/** What a run forgets when it is stored: it begins again for its reader. */
type Forgotten = "nextIndex" | "cost" | "timedOutTool" | "progress" | "mustReplay";

/** A run as plain JSON data. */
export interface StoredRun extends Omit<RunRecord, Forgotten | "stats" | "callIds" | "last" | "request"> {
  v: 1;
  /** Milliseconds since 1970. */
  savedAt: number;
  state: StoredState;
  last: Message;
  request: ChatRequest;
  stats: StoredStats;
  callIds: string[];
}

/** What a stored run is read with: the clocks of the node, and the tools that can be called now. */
type RestoreContext = Pick<RunContext, "now" | "date" | "listTools">;

/**
 * Writes a run as plain data.
 * @returns undefined if there is nothing to keep: it has not called a tool yet, or it is over
 */
export function storeRun(
  record: RunRecord,
  state: RunState,
  clocks: Pick<RunContext, "now" | "date">,
): StoredRun | undefined {
  const { last, request, base, stats, callIds } = record;
  if (state.phase === "ended" || !last || !request) return undefined;
  const { nextIndex: _1, cost: _2, timedOutTool: _3, progress: _4, mustReplay: _5, ...kept } = record;
  // The request of the turn before is a part of the next one.
  const { request: _6, ...held } = last;
  return {
    ...kept,
    v: 1,
    savedAt: clocks.date(),
    state: storeState(state, clocks.now()),
    base: copyKeepable(base),
    last: copyKeepable(held),
    request,
    stats: stats.store(clocks.now()),
    callIds: [...callIds],
  };
}

function storeState(state: RunState, now: number): StoredState {
  if (state.phase !== "calling") return { phase: "asked" };
  const { answer, round, asked, atServer, until } = state;
  return {
    phase: "calling",
    answer,
    calls: round.calls,
    elapsedMs: round.countElapsed(now),
    asked: [...asked].map(([id, { tool, arguments: args }]) => ({
      id,
      arguments: args,
      remote: tool!.remote!,
    })),
    atServer: [...atServer],
    until,
  };
}

/** Whether a value is a run that this version of the node has stored. */
export function isStoredRun(value: unknown): value is StoredRun {
  if (!isObject(value) || value["v"] !== 1 || typeof value["key"] !== "string") return false;
  const { state, request, last, base, rounds } = value;
  return (
    isObject(state) &&
    (state["phase"] === "asked" || (state["phase"] === "calling" && Array.isArray(state["calls"]))) &&
    [request, last, base].every(isObject) &&
    isObject((last as Message).parts) &&
    Array.isArray(rounds)
  );
}

/** Reads a run that was stored. Nothing of it is shared with the value. */
export function restoreRun(
  value: StoredRun,
  context: RestoreContext,
): { record: RunRecord; state: RunState } {
  const { v: _, savedAt, state, stats, callIds, last, ...fields } = structuredClone(value);
  const downMs = Math.max(0, context.date() - savedAt);
  const elapsedMs = stats.elapsedMs === null ? null : stats.elapsedMs + downMs;
  const record: RunRecord = Object.assign(new RunRecord(fields.base, fields.outerTags), fields, {
    stats: TotalStats.restore({ ...stats, elapsedMs }, context.now()),
    last: last as StreamMessage,
    callIds: new Set(callIds),
    mustReplay: true,
  });
  for (const { cost } of record.rounds) record.cost.add(cost);
  return { record, state: restoreState(state, context.now() - downMs, context) };
}

/** @param savedAt when the run was stored, in milliseconds of the monotonic clock */
function restoreState(state: StoredState, savedAt: number, context: RestoreContext): RunState {
  if (state.phase === "asked") return { phase: "asked" };
  const { answer, calls, elapsedMs, atServer, until } = state;
  const round = ToolRound.restore(calls, savedAt - elapsedMs);
  const asked = new Map<string, AllowedCall>();
  for (const { id, arguments: args, remote } of state.asked) {
    const call = round.calls.find((one) => one.id === id);
    if (call)
      asked.set(id, { call, tool: restoreTool(readCalledName(call.call), remote, context), arguments: args });
  }
  return { phase: "calling", round, answer, asked, atServer: new Set(atServer), until };
}

function restoreTool(name: string, remote: RemoteTool, { listTools }: RestoreContext): Tool {
  return {
    name,
    definition: { type: "function", function: { name } },
    // The server may not be connected to yet. It checks the arguments as well.
    check: (changed) => listTools().get(name)?.check(changed),
    link: undefined,
    output: undefined,
    remote,
  };
}
