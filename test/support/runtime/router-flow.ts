import { createChunk, type Reply, type Script, type ServiceRequest } from "../services/scripted-service.js";
import { TIME, WEATHER } from "../worlds/router-world.js";
import { chatStream, collect, node, provider, sink, TAB, witnesses } from "./flows.js";
import type { FlowNode, TestRuntime } from "./node-red-runtime.js";

export interface RouterFlow {
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
export function routerFlow(baseUrl: string, flow: RouterFlow = {}): FlowNode[] {
  const { router, stream, service, between = "router", after, more = [] } = flow;
  return [
    TAB,
    provider(baseUrl, service),
    chatStream({ wires: [[between]], ...stream }),
    routerNode({
      wires: [[after ?? "out", ...(after ? [] : ["collect"])], ["ask"], ["weather"], ["time"]],
      ...router,
    }),
    sink("out"),
    sink("weather"),
    sink("time"),
    collect(),
    sink("finished"),
    sink("unfinished"),
    ...more,
    ...witnesses("ask", "router"),
  ];
}

export function routerNode(more: Record<string, unknown>): FlowNode {
  return node("tool-call-router", "router", [], { tools: [WEATHER, TIME], ...more });
}

/** Has a sink answer each call that it gets. */
export function answering(runtime: TestRuntime, tool: string, answer: (payload: unknown) => unknown): void {
  runtime.reactions.set(tool, (message) =>
    runtime.inject("router", { ...message, payload: answer(message.payload) }),
  );
}

/** The records of a call, its arguments in pieces of four characters. */
export function callRecords(name: string, args: object, index = 0, id = `call_${index}`): object[] {
  const text = JSON.stringify(args);
  const pieces = text.match(/[\s\S]{1,4}/g) ?? [];
  return [
    createChunk({ tool_calls: [{ index, id, type: "function", function: { name, arguments: "" } }] }),
    ...pieces.map((fragment) => createChunk({ tool_calls: [{ index, function: { arguments: fragment } }] })),
  ];
}

/** A service that calls `get_weather` for what it is asked, and then says what the tool said. */
export const weatherman: Script = async (reply, { body }) => {
  const messages = messagesOf({ body });
  const result = messages.findLast(({ role }) => role === "tool");
  if (result) reply.say("It is ", String(result.content), ".");
  else {
    await reply.sendApart(
      "Let me ",
      "look. ",
      ...callRecords("get_weather", { city: messages.at(-1)!.content }),
    );
    reply.finish("tool_calls", { total_tokens: 7 });
  }
};

/** The same, but it breaks off in the middle of the arguments. */
export async function breaksOff(reply: Reply, request: ServiceRequest): Promise<void> {
  const [first, second] = callRecords("get_weather", { city: messagesOf(request).at(-1)!.content });
  await reply.sendApart("Let me ", "look. ", first!, second!);
  reply.drop();
}

export function messagesOf({
  body,
}: {
  body: Record<string, unknown>;
}): { role: string; content: unknown }[] {
  return body["messages"] as { role: string; content: unknown }[];
}
