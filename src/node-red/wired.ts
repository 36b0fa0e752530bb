import type { NodeRed, RuntimeNode } from "./red/api.js";

/**
 * Whether a message that leaves by an output gets anywhere: a wire may lead to a node that is disabled.
 * @param output from 0
 */
export function isWired(red: NodeRed, node: Pick<RuntimeNode, "wires">, output: number): boolean {
  return (node.wires?.[output] ?? []).some((id) => Boolean(red.nodes.getNode(id)));
}
