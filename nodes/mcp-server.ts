import { addMcpServerRoutes } from "../src/node-red/mcp-server/admin-routes.js";
import type { McpServerConfig } from "../src/node-red/mcp-server/config.js";
import type { McpServerNode } from "../src/node-red/mcp-server/lookup.js";
import { startMcpServer } from "../src/node-red/mcp-server/node.js";
import type { NodeRed, RuntimeNode } from "../src/node-red/red/api.js";

/** Holds the connection to one MCP server: an address on the network, or a program that it starts. */
export = function mcpServer(red: NodeRed): void {
  function McpServer(this: RuntimeNode & McpServerNode, config: McpServerConfig): void {
    red.nodes.createNode(this, config);
    startMcpServer(red, this, config);
  }
  red.nodes.registerType("mcp-server", McpServer, {
    credentials: {
      token: { type: "password" },
      secretHeaders: { type: "password" },
      secretEnv: { type: "password" },
    },
  });
  addMcpServerRoutes(red);
};
