import type { Chunk } from "../../core/chat/chunk.js";
import { type Cost, TotalCost } from "../../core/cost/amount.js";
import { type BilledTokens, listBilledUsages, readBilledTokens } from "../../core/cost/billed-tokens.js";
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
  const { model = "", usage } = closing;
  const reported = readServiceCost(closing);
  if (reported || !usage) return reported;
  const total = new TotalCost();
  for (const part of listBilledUsages(usage)) {
    const tokens = readBilledTokens(part);
    total.add(tokens ? priceTokens(setup, model, tokens, askedAt) : null);
  }
  return total.value;
}

/**
 * Finds what tokens cost by the price list, otherwise by the author's own prices.
 * @param answered the model that answered; the one that was asked for counts if it has no price
 */
export function priceTokens(
  { provider, endpoint, request, prices }: Billed,
  answered: string,
  counts: BilledTokens,
  askedAt: number,
): Cost | null {
  const models = [...new Set([answered, request.model])].filter((name) => name !== "");
  const { id } = provider;
  const { baseUrl } = endpoint;
  const calculations = [
    (model: string) => calculateListCost({ provider: id, baseUrl, model, counts, askedAt }),
    (model: string) => (prices ? calculateOwnCost(prices, model, counts) : null),
  ];
  for (const calculate of calculations) {
    for (const model of models) {
      const cost = calculate(model);
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
