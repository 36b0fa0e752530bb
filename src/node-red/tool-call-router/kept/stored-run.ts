import type { AssistantMessage } from "../../../core/chat/chunk.js";
import type { ChatRequest } from "../../../core/chat/request.js";
import { type StoredStats, TotalStats } from "../../../core/chat/stats.js";
import { TotalCost } from "../../../core/cost/amount.js";
import { isObject } from "../../../core/json/parse.js";
import type { Tool } from "../../../core/tools/definitions.js";
import { readCalledName } from "../../../core/tools/name.js";
import { type RoundCall, ToolRound } from "../../../core/tools/round.js";
import type { AskTag } from "../../messages/ask-tags.js";
import type { StreamMessage } from "../../messages/stream-message.js";
import type { Message } from "../../red/api.js";
import type { AllowedCall } from "../calls/plan-calls.js";
import type { RoundReport, RunRecord } from "../record.js";
import type { RunContext, RunState } from "../run-events.js";
import { copyKeepable } from "./keepable-copy.js";

/** A call that waits to be approved. Its tool is looked up anew, since the server may have changed it. */
interface StoredApproval {
  id: string;
  arguments: Record<string, unknown>;
  output: number | undefined;
  remote: { server: string; name: string };
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

/** A run as plain JSON data. */
export interface StoredRun {
  v: 1;
  key: string;
  /** Milliseconds since 1970. */
  savedAt: number;
  state: StoredState;
  outerTags: readonly AskTag[];
  base: Message;
  last: Message;
  request: ChatRequest;
  round: number;
  stream: string | undefined;
  restarts: number;
  finishedTurnsText: string;
  attempts: number;
  rounds: RoundReport[];
  stats: StoredStats;
  callIds: string[];
  isCancelled: boolean;
}

/** The clocks of a node: since its process began, and since 1970. Milliseconds. */
type Clocks = Pick<RunContext, "now" | "date">;

/**
 * Writes a run as plain data.
 * @returns undefined if there is nothing to keep: it has not called a tool yet, or it is over
 */
export function storeRun(record: RunRecord, state: RunState, clocks: Clocks): StoredRun | undefined {
  const { key, last, request, stats } = record;
  if (state.phase === "ended" || !last || !request) return undefined;
  // The request of the turn before is a part of the next one.
  const { request: _, ...held } = last;
  return {
    v: 1,
    key,
    savedAt: clocks.date(),
    state: storeState(state, clocks.now()),
    outerTags: record.outerTags,
    base: copyKeepable(record.base),
    last: copyKeepable(held),
    request,
    round: record.round,
    stream: record.stream,
    restarts: record.restarts,
    finishedTurnsText: record.finishedTurnsText,
    attempts: record.attempts,
    rounds: record.rounds,
    stats: stats.store(clocks.now()),
    callIds: [...record.callIds],
    isCancelled: record.isCancelled,
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
      output: tool!.output,
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

/**
 * Reads a run that was stored. Nothing of it is shared with the value.
 * @param listTools the tools that can be called now, by name
 */
export function restoreRun(
  value: StoredRun,
  clocks: Clocks,
  listTools: () => ReadonlyMap<string, Tool>,
): { record: RunRecord; state: RunState } {
  const { v: _, savedAt, state, stats, callIds, last, ...fields } = structuredClone(value);
  const downMs = Math.max(0, clocks.date() - savedAt);
  const cost = new TotalCost();
  for (const round of fields.rounds) cost.add(round.cost);
  const elapsedMs = stats.elapsedMs === null ? null : stats.elapsedMs + downMs;
  const record: RunRecord = {
    ...fields,
    nextIndex: 0,
    stats: TotalStats.restore({ ...stats, elapsedMs }, clocks.now()),
    cost,
    last: last as StreamMessage,
    callIds: new Set(callIds),
    timedOutTool: "",
    progress: "",
    mustReplay: true,
  };
  return { record, state: restoreState(state, clocks.now() - downMs, listTools) };
}

/** @param savedAt when the run was stored, in milliseconds of the monotonic clock */
function restoreState(
  state: StoredState,
  savedAt: number,
  listTools: () => ReadonlyMap<string, Tool>,
): RunState {
  if (state.phase === "asked") return { phase: "asked" };
  const { answer, calls, elapsedMs, asked, atServer, until } = state;
  const round = ToolRound.restore(calls, savedAt - elapsedMs);
  const byId = new Map(round.calls.map((call) => [call.id, call]));
  const restored = asked.flatMap(({ id, ...approval }): [string, AllowedCall][] => {
    const call = byId.get(id);
    return call ? [[id, restoreApproval(call, approval, listTools)]] : [];
  });
  return { phase: "calling", round, answer, asked: new Map(restored), atServer: new Set(atServer), until };
}

function restoreApproval(
  call: RoundCall,
  { arguments: args, output, remote }: Omit<StoredApproval, "id">,
  listTools: () => ReadonlyMap<string, Tool>,
): AllowedCall {
  const name = readCalledName(call.call);
  const tool: Tool = {
    name,
    definition: { type: "function", function: { name } },
    // The server may not be connected to yet. It checks the arguments as well.
    check: (changed) => listTools().get(name)?.check(changed),
    link: undefined,
    output,
    remote,
  };
  return { call, tool, arguments: args };
}
