import type { FlowNode } from "../runtime/node-red-api.js";
import type { TestRuntime } from "../runtime/node-red-runtime.js";
import { createChunk, type Reply, type Script, type ServiceRequest } from "../services/scripted-service.js";
import { TIME, WEATHER } from "../worlds/router-world.js";
import {
  createChatStreamNode,
  createCollectNode,
  createFlowNode,
  createProviderNode,
  createSinkNode,
  createWitnessNodes,
  TAB,
} from "./nodes.js";

/** Changes of the usual flow with a tool-call-router. */
export interface RouterFlowOptions {
  /** Settings of the router, also its `wires`. */
  router?: Record<string, unknown>;
  /** Settings of the chat-stream. */
  stream?: Record<string, unknown>;
  /** Settings of the provider. */
  service?: Record<string, unknown>;
  /** Id of a node between the chat-stream and the router. */
  between?: string;
  /** Id of a node between output 1 of the router and `out`. */
  after?: string;
  /** More nodes. */
  more?: FlowNode[];
}

/** Creates a flow: router ⇄ chat-stream, output 1 to `out` and `collect`, the tools to `weather` and `time`. */
export function createRouterFlow(baseUrl: string, flow: RouterFlowOptions = {}): FlowNode[] {
  const { router, stream, service, between = "router", after, more = [] } = flow;
  return [
    TAB,
    createProviderNode(baseUrl, service),
    createChatStreamNode({ wires: [[between]], ...stream }),
    createRouterNode({
      wires: [[after ?? "out", ...(after ? [] : ["collect"])], ["ask"], ["weather"], ["time"]],
      ...router,
    }),
    createSinkNode("out"),
    createSinkNode("weather"),
    createSinkNode("time"),
    createCollectNode(),
    createSinkNode("finished"),
    createSinkNode("unfinished"),
    ...more,
    ...createWitnessNodes("ask", "router"),
  ];
}

/** Creates a tool-call-router with two tools. */
export function createRouterNode(more: Record<string, unknown>): FlowNode {
  return createFlowNode("tool-call-router", "router", [], { tools: [WEATHER, TIME], ...more });
}

/** Has a sink answer each tool call that it gets. */
export function answerCalls(runtime: TestRuntime, tool: string, answer: (payload: unknown) => unknown): void {
  runtime.reactions.set(tool, (message) =>
    runtime.inject("router", { ...message, payload: answer(message.payload) }),
  );
}

/** Creates the chunks of a tool call, with its arguments in pieces of four characters. */
export function createCallChunks(name: string, args: object, index = 0, id = `call_${index}`): object[] {
  const text = JSON.stringify(args);
  const pieces = text.match(/[\s\S]{1,4}/g) ?? [];
  return [
    createChunk({ tool_calls: [{ index, id, type: "function", function: { name, arguments: "" } }] }),
    ...pieces.map((fragment) => createChunk({ tool_calls: [{ index, function: { arguments: fragment } }] })),
  ];
}

/** A service that calls `get_weather` with the question, and then answers with the result. */
export const answerByWeatherTool: Script = async (reply, { body }) => {
  const messages = readRequestMessages({ body });
  const result = messages.findLast(({ role }) => role === "tool");
  if (result) reply.say("It is ", String(result.content), ".");
  else {
    await reply.sendApart(
      "Let me ",
      "look. ",
      ...createCallChunks("get_weather", { city: messages.at(-1)!.content }),
    );
    reply.finish("tool_calls", { total_tokens: 7 });
  }
};

/** A service that calls `get_weather`, but breaks off in the middle of the arguments. */
export async function breakOffInCall(reply: Reply, request: ServiceRequest): Promise<void> {
  const [first, second] = createCallChunks("get_weather", {
    city: readRequestMessages(request).at(-1)!.content,
  });
  await reply.sendApart("Let me ", "look. ", first!, second!);
  reply.drop();
}

/** Reads the conversation of a request. */
export function readRequestMessages({
  body,
}: {
  body: Record<string, unknown>;
}): { role: string; content: unknown }[] {
  return body["messages"] as { role: string; content: unknown }[];
}
