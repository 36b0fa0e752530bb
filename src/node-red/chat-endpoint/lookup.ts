import type { NodeRed } from "../red/api.js";
import type { EndpointRuntime } from "./runtime.js";

/** A chat-endpoint node, as other nodes use it. */
export interface EndpointNode {
  id: string;
  runtime: EndpointRuntime;
  /** Why it answers nobody, as a key of its status texts; undefined if it works. */
  problem: string | undefined;
}

/** Finds a deployed chat-endpoint by its id. */
export function findEndpoint(red: NodeRed, id: string | undefined): EndpointNode | undefined {
  const node = id ? red.nodes.getNode(id) : undefined;
  return node?.type === "chat-endpoint" && node["runtime"] ? (node as unknown as EndpointNode) : undefined;
}
