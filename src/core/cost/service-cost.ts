import type { Chunk, Usage } from "../chat/chunk.js";
import { isObject } from "../json/parse.js";
import { type Cost, createCost } from "./amount.js";

/** xAI counts in these. */
const TICKS_PER_USD = 1e10;

/**
 * Reads what the service itself says that the answer costs. Some tell it in the usage, some beside it.
 * @param closing the chunk with what is known only at the end
 * @returns null if the service does not say, or not in US dollars
 */
export function readServiceCost(closing: Chunk): Cost | null {
  const { usage } = closing;
  const beside = closing["cost"];
  const amounts = [
    ...(isObject(usage) ? listUsageAmounts(usage) : []),
    // Venice.
    isObject(beside) ? beside["usd"] : undefined,
  ];
  const amount = amounts.find((value) => typeof value === "number");
  return amount === undefined ? null : createCost(amount, "service");
}

function listUsageAmounts(usage: Usage): unknown[] {
  const { cost, cost_in_usd_ticks: ticks } = usage;
  return [
    // Perplexity reports what each part costs, and the total.
    isObject(cost) ? cost["total_cost"] : readGatewayCost(cost, usage),
    typeof ticks === "number" ? ticks / TICKS_PER_USD : undefined,
    // DeepInfra.
    usage["estimated_cost"],
  ];
}

/**
 * Reads the cost of OpenRouter and LiteLLM. With a key of the author's own (`is_byok`), OpenRouter's cost is its fee, and the
 * service behind it bills the rest. Otherwise the cost has everything in it.
 */
function readGatewayCost(cost: unknown, usage: Usage): unknown {
  if (usage["is_byok"] !== true || typeof cost !== "number") return cost;
  const details = usage["cost_details"];
  const upstream = isObject(details) ? details["upstream_inference_cost"] : undefined;
  return typeof upstream === "number" ? cost + upstream : undefined;
}
