import type { NodeConfig } from "../red/api.js";

/** A chat-endpoint's properties in a flow file. */
export interface EndpointConfig extends NodeConfig {
  /** Where it stands, below the HTTP root of flows. Default: `/ai`. */
  path?: string;
  /** Whether anybody may ask, without a key. */
  open?: boolean;
  /** Origins of other web pages that may ask, separated by spaces, commas or lines. `*`: all. */
  origins?: string;
}

/** A chat-endpoint's credentials. */
export interface EndpointCredentials {
  /** A key a line, after the name of its owner if there is one: `Ada sk-123`. */
  keys?: string;
}

const DEFAULT_PATH = "/ai";

/** Reads the path: it begins with a slash, and does not end with one. */
export function readPath(config: EndpointConfig): string {
  const segments = (config.path || DEFAULT_PATH).split("/").filter((segment) => segment !== "");
  return segments.map((segment) => `/${segment}`).join("");
}
