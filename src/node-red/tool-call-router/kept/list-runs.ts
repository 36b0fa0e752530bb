import type { ToolCall } from "../../../core/chat/chunk.js";
import { readArguments } from "../../../core/tools/arguments.js";
import { readCalledName } from "../../../core/tools/name.js";
import { readOwnTopic } from "../../red/names.js";
import type { ToolCallTag } from "../classify.js";
import type { RouterRun } from "../run.js";

/** A call without an answer. Sent back as `msg.toolCall`, it names the call that a message answers. */
interface WaitingCall extends ToolCallTag {
  /** `approval`: the call waits to be approved. `server`: this node calls an MCP server. */
  waitsFor: "answer" | "approval" | "server";
}

/** An open run, for the author. */
export interface RunReport {
  /** Names the run in `msg.parts.id`, so that it can be cancelled. */
  run: string;
  /** Id of the stream that the reader has; null if it has not begun. */
  stream: string | null;
  topic: string;
  /** The turn, from 1. */
  round: number;
  state: "asked" | "streaming" | "calling";
  /** What the reader has so far of turns that are over. */
  text: string;
  /** When the run ends by itself, in milliseconds since 1970; null if no tool is waited for. */
  until: number | null;
  calls: WaitingCall[];
}

/** Lists what runs and what it waits for, oldest first. @param node id of the router */
export function listRuns(runs: readonly RouterRun[], node: string): RunReport[] {
  return runs.flatMap(({ record, state }): RunReport[] => {
    if (state.phase === "ended") return [];
    const { key: run, stream = null, round, base, finishedTurnsText: text } = record;
    const report = { run, stream, topic: readOwnTopic(base) ?? "", round, state: state.phase, text };
    if (state.phase !== "calling") return [{ ...report, until: null, calls: [] }];
    const calls = state.round.openCalls.map(({ id, call }): WaitingCall => {
      const asked = state.asked.get(id);
      const waitsFor = asked ? "approval" : state.atServer.has(id) ? "server" : "answer";
      const args = asked?.arguments ?? readOwnArguments(call);
      return { id, name: readCalledName(call), arguments: args, round, run, node, waitsFor };
    });
    return [{ ...report, until: state.until, calls }];
  });
}

function readOwnArguments({ function: called, custom }: ToolCall): Record<string, unknown> {
  const read = custom
    ? { value: { input: custom.input } }
    : readArguments(called?.arguments ?? "", undefined);
  return "value" in read ? read.value : {};
}
