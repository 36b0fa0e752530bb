import type { ChatInConfig } from "../src/node-red/chat-in/config.js";
import { ChatInController } from "../src/node-red/chat-in/controller.js";
import type { NodeRed, RuntimeNode } from "../src/node-red/red/api.js";

/** Takes the requests of clients into a flow. */
export = function chatIn(red: NodeRed): void {
  function ChatIn(this: RuntimeNode, config: ChatInConfig): void {
    red.nodes.createNode(this, config);
    const controller = new ChatInController(red, this, config);
    this.on("close", (_removed, done) => {
      controller.close();
      this.status({});
      done();
    });
  }
  red.nodes.registerType("chat-in", ChatIn);
};
