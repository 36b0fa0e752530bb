import type { Message, NodeRed, RuntimeNode } from "../red/api.js";
import { logWarning } from "../red/log.js";
import { isWired } from "../red/wiring.js";

/** The output of collect for what is not a whole answer, from 0. */
const ASIDE = 1;

/** Nodes that have been warned about. */
const warned = new WeakSet<RuntimeNode>();

/** Warns once if the message of an HTTP request leaves by output 2 of collect, which has no wire: nobody answers then. */
export function warnOfWaitingClient(red: NodeRed, node: RuntimeNode, message: Message): void {
  if (message["res"] === undefined || warned.has(node) || isWired(red, node, ASIDE)) return;
  warned.add(node);
  logWarning(
    node,
    "The HTTP request of this answer gets no response: the answer went to output 2, which has no wire. Wire output 2 to an http response node, too.",
  );
}
