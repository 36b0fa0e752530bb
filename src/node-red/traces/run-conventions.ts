import type { Usage } from "../../core/chat/chunk.js";
import type { Cost } from "../../core/cost/amount.js";
import { type BilledTokens, createPlainTokens, readBilledTokens } from "../../core/cost/billed-tokens.js";
import type { Message } from "../red/api.js";
import { type Attributes, describeTokens } from "./conventions.js";

/** A tool call, as far as its span names it. */
export interface TracedCall {
  id: string;
  tool: string;
  /** Whether the tool is at an MCP server. */
  isRemote: boolean;
}

/** What a run has come to. */
export interface RunSummary {
  /** One entry per turn. */
  rounds: readonly { usage: unknown; finishReason: string }[];
  /** What the turns cost together; null if that is unknown. */
  cost: { value: Cost | null };
  /** Requests in all. */
  attempts: number;
  /** The last message of the turn that ended last. */
  last: Message | undefined;
}

/** @returns what every measurement of a run is told apart by */
export function describeAgent(name: string): Attributes {
  return { "gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": name };
}

/** @returns the attributes that the span of a run ends with. @param isWhole whether it neither failed nor was cancelled */
export function describeRun({ rounds, cost: { value: cost } }: RunSummary, isWhole: boolean): Attributes {
  const last = rounds.at(-1)?.finishReason;
  const reason = isWhole && last !== "cancelled" ? last : "error";
  return {
    ...(reason === undefined ? {} : { "gen_ai.response.finish_reasons": [reason] }),
    ...describeTokens(addTokens(rounds)),
    ...(cost ? { "chat_stream.cost.usd": cost.usd, "chat_stream.cost.source": cost.source } : {}),
    "chat_stream.rounds": rounds.length,
  };
}

/** @returns the attributes that the span of a call begins with */
export function describeCall({ id, tool, isRemote }: TracedCall, agent: string): Attributes {
  return {
    "gen_ai.operation.name": "execute_tool",
    "gen_ai.tool.name": tool,
    "gen_ai.tool.type": isRemote ? "extension" : "function",
    "gen_ai.tool.call.id": id,
    "gen_ai.agent.name": agent,
    ...(isRemote ? { "mcp.method.name": "tools/call" } : {}),
  };
}

/** Adds up what the turns used. If the usage of one is unknown, so is the sum. */
function addTokens(turns: RunSummary["rounds"]): BilledTokens | undefined {
  const sum = createPlainTokens(0, 0);
  for (const { usage } of turns) {
    const tokens = readBilledTokens(usage as Usage | null);
    if (!tokens) return undefined;
    for (const name of Object.keys(sum) as (keyof BilledTokens)[]) sum[name] += tokens[name];
  }
  return sum;
}
