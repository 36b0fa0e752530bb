import { Failure } from "../../core/failure.js";
import type { NodeRed } from "../red/api.js";
import type { ProviderRuntime } from "./runtime.js";

/** A chat-provider node, as other nodes use it. */
export interface ProviderNode {
  runtime: ProviderRuntime;
}

/** Finds a deployed chat-provider node by its id. */
export function findProvider(red: NodeRed, id: string | undefined): ProviderNode | undefined {
  const node = id ? red.nodes.getNode(id) : undefined;
  return node?.type === "chat-provider" && node["runtime"] ? (node as unknown as ProviderNode) : undefined;
}

/**
 * Finds the chat-provider node of a node that needs one.
 * @throws Failure `configuration` if it is not set or not deployed
 */
export function requireProvider(red: NodeRed, id: string | undefined): ProviderNode {
  const provider = findProvider(red, id);
  if (provider) return provider;
  throw new Failure(
    "configuration",
    "This node has no provider, or the provider is not deployed. Choose one in the node's dialog and deploy.",
  );
}
