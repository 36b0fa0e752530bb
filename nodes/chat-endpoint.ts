import type { EndpointConfig } from "../src/node-red/chat-endpoint/config.js";
import type { EndpointNode } from "../src/node-red/chat-endpoint/lookup.js";
import { startEndpoint } from "../src/node-red/chat-endpoint/node.js";
import type { NodeRed, RuntimeNode } from "../src/node-red/red/api.js";

/** Stands at a path of Node-RED's HTTP server, and answers the clients that ask there. */
export = function chatEndpoint(red: NodeRed): void {
  function ChatEndpoint(this: RuntimeNode & EndpointNode, config: EndpointConfig): void {
    red.nodes.createNode(this, config);
    startEndpoint(red, this, config);
  }
  red.nodes.registerType("chat-endpoint", ChatEndpoint, { credentials: { keys: { type: "password" } } });
};
