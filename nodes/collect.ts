import { type CollectConfig, CollectController } from "../src/node-red/collect/controller.js";
import type { NodeRed, RuntimeNode } from "../src/node-red/red/api.js";
import { guardNode } from "../src/node-red/red/guard.js";

/** Ends a stream: one message for all of it. */
export = function collect(red: NodeRed): void {
  function Collect(this: RuntimeNode, config: CollectConfig): void {
    red.nodes.createNode(this, config);
    const controller = new CollectController(red, this, config);
    guardNode(
      this,
      (message, send, done) => controller.input(message, send, done),
      () => controller.close(),
    );
  }
  red.nodes.registerType("collect", Collect);
};
