import { ChatStreamController } from "../src/node-red/chat-stream/controller.js";
import type { NodeRed } from "../src/node-red/red/api.js";
import { registerNode } from "../src/node-red/red/register.js";

/** Asks a service for a chat answer, and sends one stream for each message. */
export = function chatStream(red: NodeRed): void {
  registerNode(red, "chat-stream", ChatStreamController);
};
