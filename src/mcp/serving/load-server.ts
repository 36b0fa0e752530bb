import { Failure } from "../../core/failure.js";

/** The server library for MCP. */
export type ServerLibrary = typeof import("@modelcontextprotocol/server");

/**
 * Loads the server library. It is large and optional, so it is loaded when a client first asks.
 * @throws Failure `configuration` if it is not installed
 */
export function loadServerLibrary(): ServerLibrary {
  try {
    return require("@modelcontextprotocol/server") as ServerLibrary;
  } catch (thrown) {
    if ((thrown as { code?: unknown }).code !== "MODULE_NOT_FOUND") throw thrown;
    throw new Failure(
      "configuration",
      "To serve tools to MCP clients, the package @modelcontextprotocol/server is needed, which is not installed. Install it in the user directory of Node-RED: npm install @modelcontextprotocol/server",
    );
  }
}
