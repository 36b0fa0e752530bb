import { Ledger, type LedgerRules } from "../../core/budget/ledger.js";
import { RecentMap } from "../../core/lifecycle/recent-map.js";
import type { OpenRequest } from "./flight.js";

/** What a budget node hands on to the one that is deployed in its place: what is spent, and what runs. */
export interface Handover {
  readonly ledger: Ledger;
  /** Requests that run while no node looks after them. */
  requests: OpenRequest[];
  /** Whether nothing is spent yet. */
  isFresh: boolean;
}

/** Node-RED tells no node whether it will be deployed again, so the handovers of the latest ones are kept. */
const MAX_HANDOVERS = 1000;

const handovers = new RecentMap<Handover>(MAX_HANDOVERS);

/**
 * Finds what an earlier node has handed on, so that a deploy does not reset the accounts. A first node gets an empty ledger.
 * @param name the node's id and what it counts: money does not become tokens
 */
export function takeOver(name: string, rules: LedgerRules): Handover {
  const found = handovers.get(name);
  const handover = found ?? { ledger: new Ledger(rules), requests: [], isFresh: true };
  handover.ledger.setRules(rules);
  handovers.set(name, handover);
  return handover;
}
