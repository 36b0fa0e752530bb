import type { AssistantMessage } from "../../core/chat/chunk.js";
import type { Failure } from "../../core/failure.js";
import type { ToolResult } from "../../core/tools/result.js";
import type { ToolRound } from "../../core/tools/round.js";
import type { RunTag } from "../messages/ask-tags.js";
import type { StreamMessage } from "../messages/stream-message.js";
import type { Message } from "../red/api.js";
import type { AllowedCall, CallContext } from "./calls/plan-calls.js";
import type { Turn } from "./turn.js";

/** Where a run stands. */
export type RunState =
  /** A request has left, and nothing has come back yet. */
  | { phase: "asked" }
  /** The turn's stream arrives. */
  | { phase: "streaming"; turn: Turn }
  /** Tools work on the turn's calls. */
  | CallingState
  | { phase: "ended" };

/** A turn whose calls are under way. */
export interface CallingState {
  phase: "calling";
  round: ToolRound;
  answer: AssistantMessage;
  /** Calls of MCP tools that wait to be approved, by their ids. */
  asked: Map<string, AllowedCall>;
  /** Ids of the calls that this node makes at MCP servers. */
  atServer: Set<string>;
  /** When nothing is waited for any more: milliseconds since 1970. */
  until: number;
}

export type RunEvent =
  /** The turn's stream begins with this message, which is not read yet. */
  | { type: "begun"; message: StreamMessage }
  /** A message of the turn's stream, in order; the last one too. */
  | { type: "message"; message: StreamMessage }
  /** The turn's stream began again at its source. */
  | { type: "restarted"; message: StreamMessage }
  | { type: "answered"; id: string; result: ToolResult }
  /** A call that waited for it may be made. */
  | { type: "approved"; id: string; arguments: Record<string, unknown> }
  /** The run has come from the store, after a redeploy or a restart. */
  | { type: "resumed" }
  /** The tools' time is up. */
  | { type: "toolsTimedOut" }
  | { type: "cancelled" }
  /** The run cannot go on. */
  | { type: "lost"; failure: Failure };

/** What the session does for a run, in this order. */
export type RunEffect =
  | { type: "send"; message: Message }
  | { type: "ask"; message: Message; tag: RunTag }
  /** Stores where the run stands. What comes after is done once that is written. */
  | { type: "keep" }
  /** Sends a call to its tool, or to those who approve it. */
  | ({ type: "call" } & AllowedCall)
  /** Makes a call at an MCP server. */
  | ({ type: "callServer" } & AllowedCall)
  /** Tells the author something once. */
  | { type: "warn"; text: string }
  | { type: "awaitTools"; milliseconds: number }
  /** Nothing is waited for any more: answers of tools are late from here on. */
  | { type: "forgetTools" }
  /** The input that brought the turn's last message is done. */
  | { type: "done" }
  /** The run has failed: that input ends with the failure, or else it is reported with the run's last message. */
  | { type: "report"; failure: Failure; message: Message }
  /** @param code code of the failure; "" without one */
  | { type: "end"; code: string; isCancelled: boolean };

/** What the machine asks of its surroundings. */
export interface RunContext extends CallContext {
  node: string;
  /** Milliseconds since 1970. */
  date(): number;
  /** Why the next turn cannot be asked for; undefined if it can. */
  findDeadEnd(): string | undefined;
}
