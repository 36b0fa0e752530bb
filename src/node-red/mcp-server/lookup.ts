import { Failure } from "../../core/failure.js";
import type { McpConnection } from "../../mcp/connection.js";
import type { NodeRed } from "../red/api.js";

/** An mcp-server node, as other nodes use it. */
export interface McpServerNode {
  id: string;
  name?: string;
  /** The connection, or why there is none. */
  server: McpConnection | Failure;
}

/** Finds a deployed mcp-server by its id. */
export function findMcpServer(red: NodeRed, id: string | undefined): McpServerNode | undefined {
  const node = id ? red.nodes.getNode(id) : undefined;
  return node?.type === "mcp-server" && node["server"] ? (node as unknown as McpServerNode) : undefined;
}

/**
 * Finds the connection of an mcp-server.
 * @throws Failure `configuration` if it is not set, not deployed, or has a wrong setting
 */
export function requireMcpServer(red: NodeRed, id: string | undefined): McpConnection {
  const server = findMcpServer(red, id)?.server;
  if (server instanceof Failure) throw server;
  if (server) return server;
  throw new Failure(
    "configuration",
    "There is no such mcp-server, or it is not deployed yet. Choose one, deploy it, and try again.",
  );
}
