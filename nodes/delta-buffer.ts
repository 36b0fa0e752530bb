import { type DeltaBufferConfig, DeltaBufferController } from "../src/node-red/delta-buffer/controller.js";
import type { NodeRed, RuntimeNode } from "../src/node-red/red/api.js";
import { guardNode } from "../src/node-red/red/guard.js";

/** Fewer, larger messages. */
export = function deltaBuffer(red: NodeRed): void {
  function DeltaBuffer(this: RuntimeNode, config: DeltaBufferConfig): void {
    red.nodes.createNode(this, config);
    const controller = new DeltaBufferController(red, this, config);
    guardNode(
      this,
      (message, send, done) => controller.input(message, send, done),
      () => controller.close(),
    );
  }
  red.nodes.registerType("delta-buffer", DeltaBuffer);
};
