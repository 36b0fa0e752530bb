import { CollectController } from "../src/node-red/collect/controller.js";
import type { NodeRed } from "../src/node-red/red/api.js";
import { registerNode } from "../src/node-red/red/register.js";

/** Collects a stream into one message. */
export = function collect(red: NodeRed): void {
  registerNode(red, "collect", CollectController, ["readCounters", "listRuns"]);
};
