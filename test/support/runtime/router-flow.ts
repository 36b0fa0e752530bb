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
} from "./flows.js";
import type { FlowNode, TestRuntime } from "./node-red-runtime.js";

export interface RouterFlowOptions {
  /** Settings of the router; its `wires` too. */
  router?: Record<string, unknown>;
  stream?: Record<string, unknown>;
  service?: Record<string, unknown>;
  /** What goes in place of the wire from chat-stream to the router, by its first node's id. */
  between?: string;
  /** The same for the wire from the router's output 1. */
  after?: string;
  more?: FlowNode[];
}

/** router ⇄ chat-stream; output 1 to a sink `out` and a collect node; the tools to sinks `weather` and `time`. */
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

export function createRouterNode(more: Record<string, unknown>): FlowNode {
  return createFlowNode("tool-call-router", "router", [], { tools: [WEATHER, TIME], ...more });
}

/** Has a sink answer each call that it gets. */
export function answerCalls(runtime: TestRuntime, tool: string, answer: (payload: unknown) => unknown): void {
  runtime.reactions.set(tool, (message) =>
    runtime.inject("router", { ...message, payload: answer(message.payload) }),
  );
}

/** The records of a call, its arguments in pieces of four characters. */
export function createCallChunks(name: string, args: object, index = 0, id = `call_${index}`): object[] {
  const text = JSON.stringify(args);
  const pieces = text.match(/[\s\S]{1,4}/g) ?? [];
  return [
    createChunk({ tool_calls: [{ index, id, type: "function", function: { name, arguments: "" } }] }),
    ...pieces.map((fragment) => createChunk({ tool_calls: [{ index, function: { arguments: fragment } }] })),
  ];
}

/** A service that calls `get_weather` for what it is asked, and then says what the tool said. */
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

/** The same, but it breaks off in the middle of the arguments. */
export async function breakOffInCall(reply: Reply, request: ServiceRequest): Promise<void> {
  const [first, second] = createCallChunks("get_weather", {
    city: readRequestMessages(request).at(-1)!.content,
  });
  await reply.sendApart("Let me ", "look. ", first!, second!);
  reply.drop();
}

export function readRequestMessages({
  body,
}: {
  body: Record<string, unknown>;
}): { role: string; content: unknown }[] {
  return body["messages"] as { role: string; content: unknown }[];
}
