import type { NodeRed, RuntimeNode } from "../src/node-red/red/api.js";
import { guardNode } from "../src/node-red/red/guard.js";
import { RetryController } from "../src/node-red/retry/controller.js";
import type { RetryConfig } from "../src/node-red/retry/settings.js";

/** Passes a stream on, and has its request asked again when it fails. */
export = function retry(red: NodeRed): void {
  function Retry(this: RuntimeNode, config: RetryConfig): void {
    red.nodes.createNode(this, config);
    const controller = new RetryController(red, this, config);
    guardNode(
      this,
      (message, send, done) => controller.input(message, send, done),
      () => controller.close(),
    );
  }
  red.nodes.registerType("retry", Retry);
};
