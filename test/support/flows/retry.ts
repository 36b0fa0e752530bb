import type { FlowNode } from "../runtime/node-red-api.js";
import {
  createChatStreamNode,
  createCollectNode,
  createFlowNode,
  createProviderNode,
  createSinkNode,
  createWitnessNodes,
  TAB,
} from "./nodes.js";

/** Changes of the usual flow with a retry node. */
export interface RetryFlowOptions {
  /** Settings of the retry node. */
  retry?: Record<string, unknown>;
  /** Settings of the chat-stream. */
  stream?: Record<string, unknown>;
  /** Settings of the provider. */
  service?: Record<string, unknown>;
  /** Ids of the nodes at output 3. Default: none. */
  fallback?: string[];
}

/** Creates a flow: chat-stream → retry → `out` and `collect`, with output 2 back to the chat-stream. */
export function createRetryFlow(
  baseUrl: string,
  { retry, stream, service, fallback = [] }: RetryFlowOptions = {},
): FlowNode[] {
  return [
    TAB,
    createProviderNode(baseUrl, service),
    createChatStreamNode({ wires: [["retry"]], ...stream }),
    createRetryNode({ wires: [["out", "collect"], ["ask"], fallback], ...retry }),
    createSinkNode("out"),
    createCollectNode(),
    createSinkNode("finished"),
    createSinkNode("unfinished"),
    ...createWitnessNodes("ask", "retry"),
  ];
}

/** Creates a retry node with short waits. */
export function createRetryNode(more: Record<string, unknown>): FlowNode {
  return createFlowNode("retry", "retry", [], { delay: 5, maxDelay: 1000, ...more });
}
