import { isObject } from "../json/parse.js";

/**
 * Where the amount of a cost comes from: the service itself, the price list of `@pydantic/genai-prices`, or the author's own
 * prices.
 */
export type CostSource = "service" | "prices" | "own";

/** What an answer costs. An unknown cost is null, never 0. */
export interface Cost {
  /** US dollars. */
  usd: number;
  source: CostSource;
}

/** From the most to the least exact. */
const SOURCES: readonly CostSource[] = ["service", "prices", "own"];

/** Digits of an amount that count. More would show how computers add. */
const MAX_DIGITS = 12;

/** @returns null if the amount is no amount of money */
export function createCost(usd: unknown, source: CostSource): Cost | null {
  if (typeof usd !== "number" || !Number.isFinite(usd) || usd < 0) return null;
  return { usd: Number(usd.toPrecision(MAX_DIGITS)), source };
}

/** Reads `msg.cost`, which has travelled through a flow and may be anything. @returns null if it is unknown */
export function readCost(value: unknown): Cost | null {
  if (!isObject(value)) return null;
  const source = SOURCES.find((name) => name === value["source"]);
  return source ? createCost(value["usd"], source) : null;
}

/** Adds up what several requests for one reader cost. If the cost of one is unknown, so is the sum. */
export class TotalCost {
  private sum: Cost | null | undefined;

  add(cost: Cost | null): void {
    if (this.sum === undefined) this.sum = cost;
    else if (this.sum === null || cost === null) this.sum = null;
    else this.sum = createCost(this.sum.usd + cost.usd, chooseLessExact(this.sum.source, cost.source));
  }

  /** The sum so far; null if nothing was added. */
  get value(): Cost | null {
    return this.sum ?? null;
  }
}

function chooseLessExact(one: CostSource, other: CostSource): CostSource {
  return SOURCES.indexOf(one) > SOURCES.indexOf(other) ? one : other;
}
