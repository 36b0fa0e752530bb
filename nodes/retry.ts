import type { NodeRed } from "../src/node-red/red/api.js";
import { registerNode } from "../src/node-red/red/register.js";
import { RetryController } from "../src/node-red/retry/controller.js";

/** Forwards a stream, and asks again if it fails. */
export = function retry(red: NodeRed): void {
  registerNode(red, "retry", RetryController, ["readCounters", "listRuns"]);
};
