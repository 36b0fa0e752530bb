import { Failure } from "../../core/failure.js";
import type { NodeRed } from "../red/api.js";
import type { ProviderRuntime } from "./runtime.js";

/** A chat-provider node as the other parts of the package see it. */
export interface ProviderNode {
  runtime: ProviderRuntime;
}

/** Finds a deployed chat-provider. */
export function findProvider(red: NodeRed, id: string | undefined): ProviderNode | undefined {
  const node = id ? red.nodes.getNode(id) : undefined;
  return node?.type === "chat-provider" && node["runtime"] ? (node as unknown as ProviderNode) : undefined;
}

/** The same for a node that cannot work without. @throws Failure `configuration` */
export function requireProvider(red: NodeRed, id: string | undefined): ProviderNode {
  const provider = findProvider(red, id);
  if (provider) return provider;
  throw new Failure("configuration", "This node has no provider. Choose one in its dialog and deploy.");
}
