import type { Cost } from "../../core/cost/amount.js";
import { isObject } from "../../core/json/parse.js";
import { findProvider } from "../chat-provider/lookup.js";
import type { FlowEntry, Message, NodeRed, RuntimeNode } from "../red/api.js";
import { findBehind } from "../red/wiring.js";

/** The chat-stream behind an output, as far as a budget needs it. */
export interface Asked {
  /** Tokens that its answers may have, if the node limits them. */
  maxTokens: number | undefined;
  /** What an answer to a message would cost; null if the price of the model is unknown. */
  estimateCost(message: Message, inputTokens: number, outputTokens: number): Cost | null;
}

/**
 * Finds the first chat-stream behind an output.
 * @param output from 0
 */
export function findAsked(red: NodeRed, node: RuntimeNode, output: number): Asked | undefined {
  const target = findBehind(red, node, output, "chat-stream");
  const entry = target && findEntry(red, target);
  if (!entry) return undefined;
  const maxTokens = Number(entry["maxTokens"]);
  return {
    maxTokens: maxTokens > 0 ? maxTokens : undefined,
    estimateCost: (message, inputTokens, outputTokens) => {
      const provider = findProvider(red, String(entry["provider"] ?? ""));
      const { options, model } = message;
      const named = [model, isObject(options) ? options["model"] : undefined, entry["model"]];
      const name = named.find((value) => typeof value === "string" && value !== "") ?? "";
      return provider?.runtime.estimateCost(String(name), inputTokens, outputTokens) ?? null;
    },
  };
}

/** Finds a node as it stands in the flow file. */
function findEntry(red: NodeRed, { id, _alias }: RuntimeNode): FlowEntry | undefined {
  let found: FlowEntry | undefined;
  red.nodes.eachNode?.((entry) => {
    if (entry.id === (_alias ?? id)) found = entry;
  });
  return found;
}
