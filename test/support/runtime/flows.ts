import type { FlowNode } from "./node-red-runtime.js";

/** The usual flow of a test: provider → ask → out, with a Catch and a Complete node beside it. */
export const TAB: FlowNode = { id: "tab", type: "tab", label: "test" };

export function createProviderNode(baseUrl: string, more: Record<string, unknown> = {}): FlowNode {
  return { id: "provider", type: "chat-provider", provider: "custom", baseUrl, ...more };
}

export function createChatStreamNode(more: Record<string, unknown> = {}): FlowNode {
  return createFlowNode("chat-stream", "ask", ["out"], { provider: "provider", model: "model-1", ...more });
}

export function createCollectNode(more: Record<string, unknown> = {}): FlowNode {
  return { ...createFlowNode("collect", "collect", [], {}), wires: [["finished"], ["unfinished"]], ...more };
}

/** A node whose messages the test sees. */
export function createSinkNode(id: string): FlowNode {
  return createFlowNode("helper", id, []);
}

/** A node of any type with one output. Without a place on the canvas it would count as a config node. */
export function createFlowNode(
  type: string,
  id: string,
  to: string[],
  more: Record<string, unknown> = {},
): FlowNode {
  return { id, type, z: "tab", x: 0, y: 0, wires: [to], ...more };
}

/** A Catch node and where its messages go: `errors`; a Complete node and where its go: `completed`. */
export function createWitnessNodes(...watched: string[]): FlowNode[] {
  return [
    createFlowNode("catch", "catch", ["errors"], { scope: null }),
    createSinkNode("errors"),
    createFlowNode("complete", "complete", ["completed"], { scope: watched.length > 0 ? watched : ["ask"] }),
    createSinkNode("completed"),
  ];
}

/** All of it for one chat-stream. */
export function createAskFlow(
  baseUrl: string,
  stream: Record<string, unknown> = {},
  service: Record<string, unknown> = {},
): FlowNode[] {
  return [
    TAB,
    createProviderNode(baseUrl, service),
    createChatStreamNode(stream),
    createSinkNode("out"),
    ...createWitnessNodes(),
  ];
}
