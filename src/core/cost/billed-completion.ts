import type { Completion } from "../chat/chunk.js";
import { isObject } from "../json/parse.js";
import type { Cost } from "./amount.js";

/** A whole answer and what it costs. */
export interface BilledCompletion extends Completion {
  /** Null if the cost is unknown. If the service has a field of this name, its members are kept beside the cost. */
  cost: Cost | null;
}

/** Copies a completion and adds its cost. */
export function addCost(completion: Completion, cost: Cost | null): BilledCompletion {
  const vendorCost = completion["cost"];
  return { ...completion, cost: cost && isObject(vendorCost) ? { ...vendorCost, ...cost } : cost };
}
