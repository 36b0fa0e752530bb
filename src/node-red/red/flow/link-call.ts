import type { NodeRed, RuntimeNode } from "../api.js";

/** Where a `link call` node sends messages. */
interface LinkCall {
  /** Whether each message names its own target. */
  isDynamic: boolean;
  /** Id of the `link in` node; undefined if there is no such node, or if it is disabled. */
  target: string | undefined;
}

/**
 * Reads the target of a `link call` node from the flow, since core's node keeps it to itself. A node that is not found
 * there may call any.
 */
export function readLinkCall(red: NodeRed, node: RuntimeNode): LinkCall {
  const call: LinkCall = { isDynamic: true, target: undefined };
  red.nodes.eachNode?.(({ id, linkType, links }) => {
    if (id !== (node._alias ?? node.id)) return;
    call.isDynamic = linkType === "dynamic";
    const target: unknown = Array.isArray(links) ? links[0] : links;
    if (typeof target === "string") call.target = findLinkIn(red, node, target)?.id;
  });
  return call;
}

/**
 * Finds an enabled `link in` node.
 * @param node the node that calls it; in the instance of a subflow, that one's own `link in` goes before others
 * @param target id of the `link in` in the flow file
 */
export function findLinkIn(red: NodeRed, node: RuntimeNode, target: string): RuntimeNode | undefined {
  const found = red.nodes.getNode(node._flow?.node_map?.[target]?.id ?? target);
  return found?.type === "link in" ? found : undefined;
}
