import type { NodeRed, RuntimeNode } from "./api.js";

/** Types of nodes that pass a stream, and its failure, on to their first output. */
const PASSING_TYPES: ReadonlySet<string> = new Set([
  "retry",
  "tool-call-router",
  "delta-buffer",
  "junction",
  "link out",
  "link in",
]);

/**
 * Whether the first output of a node leads to a node that matches, directly or through nodes that only pass streams on.
 * @param seen ids of visited nodes
 */
export function leadsTo(
  red: NodeRed,
  node: Pick<RuntimeNode, "wires">,
  matches: (target: RuntimeNode) => boolean,
  seen: Set<string> = new Set(),
): boolean {
  return (node.wires?.[0] ?? []).some((id) => {
    const target = red.nodes.getNode(id);
    if (!target || seen.has(id)) return false;
    seen.add(id);
    return matches(target) || (PASSING_TYPES.has(target.type) && leadsTo(red, target, matches, seen));
  });
}

/** Whether a node's stream leads to a retry node, which then repairs or reports its failures. */
export function feedsRetry(red: NodeRed, node: Pick<RuntimeNode, "wires">): boolean {
  return leadsTo(red, node, ({ type }) => type === "retry");
}

/**
 * Whether an output has a wire to an enabled node. A wire to a disabled node leads nowhere.
 * @param output index of the output, from 0
 */
export function isWired(red: NodeRed, node: Pick<RuntimeNode, "wires">, output: number): boolean {
  return (node.wires?.[output] ?? []).some((id) => Boolean(red.nodes.getNode(id)));
}
