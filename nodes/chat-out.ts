import { ChatOutController } from "../src/node-red/chat-out/controller.js";
import type { NodeRed } from "../src/node-red/red/api.js";
import { registerNode } from "../src/node-red/red/register.js";

/** Answers the client that asked. */
export = function chatOut(red: NodeRed): void {
  registerNode(red, "chat-out", ChatOutController);
};
