import { BudgetController } from "../src/node-red/budget/controller.js";
import type { NodeRed } from "../src/node-red/red/api.js";
import { registerNode } from "../src/node-red/red/register.js";

/** Lets requests through while an account has room, and counts what their streams cost. */
export = function budget(red: NodeRed): void {
  registerNode(red, "budget", BudgetController, ["readCounters", "listRuns"]);
};
