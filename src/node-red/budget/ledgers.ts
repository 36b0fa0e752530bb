import { Ledger, type LedgerRules } from "../../core/budget/ledger.js";
import { RecentMap } from "../../core/lifecycle/recent-map.js";
import type { OpenRequest } from "./flight.js";

/** What a budget node hands on to the one that is deployed in its place: what is spent, and what runs. */
export interface Estate {
  readonly ledger: Ledger;
  /** Requests that run while no node looks after them. */
  requests: OpenRequest[];
  /** Whether nothing is spent yet. */
  isFresh: boolean;
}

/** Node-RED tells no node whether it will be deployed again, so the estates of the latest ones are kept. */
const MAX_ESTATES = 1000;

const estates = new RecentMap<Estate>(MAX_ESTATES);

/**
 * Finds the estate of a node, so that a deploy empties no purse.
 * @param name the node's id and what it counts: money does not become tokens
 */
export function openEstate(name: string, rules: LedgerRules): Estate {
  const found = estates.get(name);
  const estate = found ?? { ledger: new Ledger(rules), requests: [], isFresh: true };
  estate.ledger.setRules(rules);
  estates.set(name, estate);
  return estate;
}
