import { DeltaBufferController } from "../src/node-red/delta-buffer/controller.js";
import type { NodeRed } from "../src/node-red/red/api.js";
import { registerNode } from "../src/node-red/red/register.js";

/** Joins the messages of a stream to fewer, longer ones. */
export = function deltaBuffer(red: NodeRed): void {
  registerNode(red, "delta-buffer", DeltaBufferController, ["readCounters", "listRuns"]);
};
