import type { NodeRed, RuntimeNode } from "../src/node-red/red/api.js";
import { guardNode } from "../src/node-red/red/guard.js";
import { RouterController } from "../src/node-red/tool-call-router/controller.js";
import type { RouterConfig } from "../src/node-red/tool-call-router/settings.js";

/** Offers tools to a model, takes its calls to their outputs, and its results back to it. */
export = function toolCallRouter(red: NodeRed): void {
  function ToolCallRouter(this: RuntimeNode, config: RouterConfig): void {
    red.nodes.createNode(this, config);
    const controller = new RouterController(red, this, config);
    guardNode(
      this,
      (message, send, done) => controller.input(message, send, done),
      () => controller.close(),
    );
  }
  red.nodes.registerType("tool-call-router", ToolCallRouter);
};
