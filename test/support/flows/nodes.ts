import type { FlowNode } from "../runtime/node-red-api.js";

/** The tab of all nodes of a test flow. */
export const TAB: FlowNode = { id: "tab", type: "tab", label: "test" };

/** Creates a chat-provider for any compatible service. */
export function createProviderNode(baseUrl: string, more: Record<string, unknown> = {}): FlowNode {
  return { id: "provider", type: "chat-provider", provider: "custom", baseUrl, ...more };
}

/** Creates the chat-stream `ask`, wired to `out`. */
export function createChatStreamNode(more: Record<string, unknown> = {}): FlowNode {
  return createFlowNode("chat-stream", "ask", ["out"], { provider: "provider", model: "model-1", ...more });
}

/** Creates the collect node `collect`, wired to `finished` and `unfinished`. */
export function createCollectNode(more: Record<string, unknown> = {}): FlowNode {
  return { ...createFlowNode("collect", "collect", [], {}), wires: [["finished"], ["unfinished"]], ...more };
}

/** Creates a node that records its messages for the test. */
export function createSinkNode(id: string): FlowNode {
  return createFlowNode("helper", id, []);
}

/** Creates a node of any type with one output. Without `x` and `y`, Node-RED would take it for a config node. */
export function createFlowNode(
  type: string,
  id: string,
  to: string[],
  more: Record<string, unknown> = {},
): FlowNode {
  return { id, type, z: "tab", x: 0, y: 0, wires: [to], ...more };
}

/** Creates a Catch node wired to `errors` and a Complete node wired to `completed`. @param watched default: `ask` */
export function createWitnessNodes(...watched: string[]): FlowNode[] {
  return [
    createFlowNode("catch", "catch", ["errors"], { scope: null }),
    createSinkNode("errors"),
    createFlowNode("complete", "complete", ["completed"], { scope: watched.length > 0 ? watched : ["ask"] }),
    createSinkNode("completed"),
  ];
}

/** Creates a flow whose answers are collected: chat-stream → `out` and collect, with a Catch and a Complete node. */
export function createCollectFlow(provider: FlowNode, stream: Record<string, unknown>): FlowNode[] {
  return [
    TAB,
    provider,
    createChatStreamNode({ wires: [["out", "collect"]], ...stream }),
    createCollectNode(),
    ...["out", "finished", "unfinished"].map(createSinkNode),
    ...createWitnessNodes(),
  ];
}

/** Creates the usual test flow: a chat-stream `ask` wired to `out`, with a Catch and a Complete node. */
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
