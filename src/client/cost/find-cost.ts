import type { Chunk } from "../../core/chat/chunk.js";
import type { Cost } from "../../core/cost/amount.js";
import { readBilledTokens } from "../../core/cost/billed-tokens.js";
import { calculateOwnCost } from "../../core/cost/own-prices.js";
import { readServiceCost } from "../../core/cost/service-cost.js";
import type { ChatSetup } from "../chat-types.js";
import { calculateListCost } from "./price-list.js";

/** What the cost of a request depends on. */
type Billed = Pick<ChatSetup, "provider" | "endpoint" | "request" | "prices">;

/**
 * Finds what an answer costs: what the service says, otherwise what the price list says, otherwise what the author's own
 * prices say.
 * @param closing the chunk with what is known only at the end
 * @param askedAt when the request was sent, in wall-clock milliseconds since 1970
 * @returns null if none of them knows
 */
export function findCost(setup: Billed, closing: Chunk, askedAt: number): Cost | null {
  const { provider, endpoint, request, prices } = setup;
  const told = readServiceCost(closing);
  const counts = told ? undefined : readBilledTokens(closing.usage);
  if (!counts) return told;
  const models = [...new Set([closing.model ?? "", request.model])].filter((name) => name !== "");
  const tries = [
    (name: string) =>
      calculateListCost({ provider: provider.id, baseUrl: endpoint.baseUrl, model: name, counts, askedAt }),
    (name: string) => (prices ? calculateOwnCost(prices, name, counts) : null),
  ];
  for (const calculate of tries) {
    for (const name of models) {
      const cost = calculate(name);
      if (cost) return cost;
    }
  }
  return null;
}

/**
 * Creates a function that finds the cost of a request that has just ended, once: most callers never ask for it.
 * @param durationMs how long the request took
 */
export function createCostFinder(setup: ChatSetup, closing: Chunk, durationMs: number): () => Cost | null {
  const askedAt = setup.clock.date() - durationMs;
  let cost: Cost | null | undefined;
  return () => {
    if (cost === undefined) cost = findCost(setup, closing, askedAt);
    return cost;
  };
}
