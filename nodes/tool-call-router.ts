import type { NodeRed } from "../src/node-red/red/api.js";
import { registerNode } from "../src/node-red/red/register.js";
import { RouterController } from "../src/node-red/tool-call-router/controller.js";

/** Offers tools to a model, sends its calls to the tools, and their results back to the model. */
export = function toolCallRouter(red: NodeRed): void {
  registerNode(red, "tool-call-router", RouterController, ["readCounters"]);
};
