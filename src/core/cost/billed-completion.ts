import type { Completion } from "../chat/chunk.js";
import { isObject } from "../json/parse.js";
import type { Cost } from "./amount.js";

/** A whole answer and what it costs. */
export interface BilledCompletion extends Completion {
  /** Null if the cost is unknown. What else a service tells in a field of this name stays in it. */
  cost: Cost | null;
}

export function addCost(completion: Completion, cost: Cost | null): BilledCompletion {
  const told = completion["cost"];
  return { ...completion, cost: cost && isObject(told) ? { ...told, ...cost } : cost };
}
