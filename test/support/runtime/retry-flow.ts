import {
  createChatStreamNode,
  createCollectNode,
  createFlowNode,
  createProviderNode,
  createSinkNode,
  createWitnessNodes,
  TAB,
} from "./flows.js";
import type { FlowNode } from "./node-red-runtime.js";

export interface RetryFlowOptions {
  /** Settings of the retry node. */
  retry?: Record<string, unknown>;
  stream?: Record<string, unknown>;
  service?: Record<string, unknown>;
  /** Node ids behind output 3. */
  fallback?: string[];
}

/** chat-stream → retry → a sink `out` and a collect node; output 2 back into the chat-stream. */
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

/** A retry node that waits next to nothing. */
export function createRetryNode(more: Record<string, unknown>): FlowNode {
  return createFlowNode("retry", "retry", [], { delay: 5, maxDelay: 1000, ...more });
}
