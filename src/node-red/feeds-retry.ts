import type { NodeRed, RuntimeNode } from "./red.js";

/** Routers in a row that are looked through. */
const DEEPEST = 4;

/**
 * Whether a node's stream goes straight into a retry node, or into one behind a tool-call-router, which hands
 * failures on: then a failure is that node's to mend or to report.
 */
export function feedsRetry(red: NodeRed, node: Pick<RuntimeNode, "wires">, depth = 0): boolean {
  return (node.wires?.[0] ?? []).some((id) => {
    const target = red.nodes.getNode(id);
    if (target?.type === "retry") return true;
    return target?.type === "tool-call-router" && depth < DEEPEST && feedsRetry(red, target, depth + 1);
  });
}
