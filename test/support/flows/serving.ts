import type { DeployType, FlowNode } from "../runtime/node-red-api.js";
import type { TestRuntime } from "../runtime/node-red-runtime.js";
import { createFlowNode, createProviderNode, createWitnessNodes, TAB } from "./nodes.js";

/** The key of the endpoint in the tests' flows, and its credentials. */
export const KEY = "sk-house-1";
const CREDENTIALS = { endpoint: { keys: `${KEY}\nBob sk-bob` } };

/** Deploys flows with the keys of the endpoint. */
export function deployServed(
  runtime: TestRuntime,
  flows: FlowNode[],
  type: DeployType = "full",
): Promise<void> {
  return runtime.deploy(flows, type, CREDENTIALS);
}

/** Creates the chat-endpoint `endpoint`, at `/ai`. */
export function createEndpointNode(more: Record<string, unknown> = {}): FlowNode {
  return { id: "endpoint", type: "chat-endpoint", path: "/ai", ...more };
}

/** Creates the chat-in `in`, which answers as `house`, wired to `ask`. */
export function createChatInNode(more: Record<string, unknown> = {}): FlowNode {
  return createFlowNode("chat-in", "in", ["ask"], {
    endpoint: "endpoint",
    models: [{ name: "house" }],
    ...more,
  });
}

/** Creates the chat-out `out`, wired to `left`. */
export function createChatOutNode(more: Record<string, unknown> = {}): FlowNode {
  return createFlowNode("chat-out", "out", ["left"], more);
}

/** Creates a flow that is a model: chat-in → chat-stream → chat-out, with a Catch and a Complete node. */
export function createServedFlow(
  baseUrl: string,
  more: {
    endpoint?: Record<string, unknown>;
    in?: Record<string, unknown>;
    stream?: Record<string, unknown>;
    service?: Record<string, unknown>;
    nodes?: FlowNode[];
  } = {},
): FlowNode[] {
  return [
    TAB,
    createProviderNode(baseUrl, more.service),
    createEndpointNode(more.endpoint),
    createChatInNode(more.in),
    createFlowNode("chat-stream", "ask", ["out"], { provider: "provider", model: "model-1", ...more.stream }),
    createChatOutNode(),
    createFlowNode("helper", "left", []),
    ...createWitnessNodes("out"),
    ...(more.nodes ?? []),
  ];
}
