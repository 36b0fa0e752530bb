import { chatStream, collect, node, provider, sink, TAB, witnesses } from "./flows.js";
import type { FlowNode } from "./node-red-runtime.js";

export interface RetryFlow {
  /** Settings of the retry node. */
  retry?: Record<string, unknown>;
  stream?: Record<string, unknown>;
  service?: Record<string, unknown>;
  /** Node ids behind output 3. */
  fallback?: string[];
}

/** chat-stream → retry → a sink `out` and a collect node; output 2 back into the chat-stream. */
export function retryFlow(
  baseUrl: string,
  { retry, stream, service, fallback = [] }: RetryFlow = {},
): FlowNode[] {
  return [
    TAB,
    provider(baseUrl, service),
    chatStream({ wires: [["retry"]], ...stream }),
    retryNode({ wires: [["out", "collect"], ["ask"], fallback], ...retry }),
    sink("out"),
    collect(),
    sink("finished"),
    sink("unfinished"),
    ...witnesses("ask", "retry"),
  ];
}

/** A retry node that waits next to nothing. */
export function retryNode(more: Record<string, unknown>): FlowNode {
  return node("retry", "retry", [], { delay: 5, maxDelay: 1000, ...more });
}
