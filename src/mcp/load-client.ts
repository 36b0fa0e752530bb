import { Failure } from "../core/failure.js";

/** The client library for MCP. */
export type ClientLibrary = typeof import("@modelcontextprotocol/client");

/**
 * Loads the client library. It is large and optional, so it is loaded when it is first needed.
 * @throws Failure `configuration` if it is not installed
 */
export function loadClientLibrary(): ClientLibrary {
  try {
    return require("@modelcontextprotocol/client") as ClientLibrary;
  } catch (thrown) {
    if ((thrown as { code?: unknown }).code !== "MODULE_NOT_FOUND") throw thrown;
    throw new Failure(
      "configuration",
      "MCP servers need the package @modelcontextprotocol/client, which is not installed. Install it in the user directory of Node-RED: npm install @modelcontextprotocol/client",
    );
  }
}
