import type { NodeRed, RuntimeNode } from "./api.js";

/** Nodes that hand a stream on, its failure too, by their first output. */
const PASSING_TYPES: ReadonlySet<string> = new Set([
  "retry",
  "tool-call-router",
  "delta-buffer",
  "junction",
  "link out",
  "link in",
]);

/**
 * Whether a node's stream goes into such a node, straight or through nothing but nodes that hand it on.
 * @param found tells it
 */
export function leadsTo(
  red: NodeRed,
  node: Pick<RuntimeNode, "wires">,
  found: (target: RuntimeNode) => boolean,
  seen: Set<string> = new Set(),
): boolean {
  return (node.wires?.[0] ?? []).some((id) => {
    const target = red.nodes.getNode(id);
    if (!target || seen.has(id)) return false;
    seen.add(id);
    return found(target) || (PASSING_TYPES.has(target.type) && leadsTo(red, target, found, seen));
  });
}

/** Whether a node's stream goes into a retry node: then a failure is that node's to mend or to report. */
export function feedsRetry(red: NodeRed, node: Pick<RuntimeNode, "wires">): boolean {
  return leadsTo(red, node, ({ type }) => type === "retry");
}

/**
 * Whether a message that leaves by an output gets anywhere: a wire may lead to a node that is disabled.
 * @param output from 0
 */
export function isWired(red: NodeRed, node: Pick<RuntimeNode, "wires">, output: number): boolean {
  return (node.wires?.[output] ?? []).some((id) => Boolean(red.nodes.getNode(id)));
}
