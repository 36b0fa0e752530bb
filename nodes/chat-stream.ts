import type { ChatStreamConfig } from "../src/node-red/chat-stream/config.js";
import { ChatStreamController } from "../src/node-red/chat-stream/controller.js";
import type { NodeRed, RuntimeNode } from "../src/node-red/red/api.js";
import { guardNode } from "../src/node-red/red/guard.js";

/** One stream per incoming message. */
export = function chatStream(red: NodeRed): void {
  function ChatStream(this: RuntimeNode, config: ChatStreamConfig): void {
    red.nodes.createNode(this, config);
    const controller = new ChatStreamController(red, this, config);
    guardNode(
      this,
      (message, send, done) => controller.input(message, send, done),
      () => controller.close(),
    );
  }
  red.nodes.registerType("chat-stream", ChatStream);
};
