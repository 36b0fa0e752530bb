import type { FlowNode } from "./node-red-runtime.js";

/** The usual flow of a test: provider → ask → out, with a Catch and a Complete node beside it. */
export const TAB: FlowNode = { id: "tab", type: "tab", label: "test" };

export function provider(baseUrl: string, more: Record<string, unknown> = {}): FlowNode {
  return { id: "provider", type: "chat-provider", provider: "custom", baseUrl, ...more };
}

export function chatStream(more: Record<string, unknown> = {}): FlowNode {
  return node("chat-stream", "ask", ["out"], { provider: "provider", model: "model-1", ...more });
}

export function collect(more: Record<string, unknown> = {}): FlowNode {
  return { ...node("collect", "collect", [], {}), wires: [["finished"], ["unfinished"]], ...more };
}

/** A node whose messages the test sees. */
export function sink(id: string): FlowNode {
  return node("helper", id, []);
}

/** A node of any type with one output. Without a place on the canvas it would count as a config node. */
export function node(type: string, id: string, to: string[], more: Record<string, unknown> = {}): FlowNode {
  return { id, type, z: "tab", x: 0, y: 0, wires: [to], ...more };
}

/** A Catch node and where its messages go: `errors`; a Complete node and where its go: `completed`. */
export function witnesses(...watched: string[]): FlowNode[] {
  return [
    node("catch", "catch", ["errors"], { scope: null }),
    sink("errors"),
    node("complete", "complete", ["completed"], { scope: watched.length > 0 ? watched : ["ask"] }),
    sink("completed"),
  ];
}

/** All of it for one chat-stream. */
export function askFlow(
  baseUrl: string,
  stream: Record<string, unknown> = {},
  service: Record<string, unknown> = {},
): FlowNode[] {
  return [TAB, provider(baseUrl, service), chatStream(stream), sink("out"), ...witnesses()];
}
