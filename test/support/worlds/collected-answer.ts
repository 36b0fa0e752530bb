import type { ChatMessage, Completion, ToolCall } from "../../../src/core/chat/chunk.js";
import type { FailureData } from "../../../src/core/failure.js";
import type { Message } from "../../../src/node-red/red/api.js";
import {
  createChatStreamNode,
  createCollectNode,
  createSinkNode,
  createWitnessNodes,
  TAB,
} from "../flows/nodes.js";
import type { Credentials, FlowNode } from "../runtime/node-red-api.js";
import type { TestRuntime } from "../runtime/node-red-runtime.js";

/** A question and all that came of it in a flow with chat-stream and collect. */
export interface CollectedAnswer {
  /** The messages of the stream. */
  messages: Message[];
  /** The last of them. */
  last: Message;
  /** Why it failed, where it did. */
  error: FailureData | undefined;
  /** What collect made of it, on whichever output. */
  collected: Message;
  response: Completion;
  /** The tool calls of the answer. */
  calls: readonly ToolCall[];
  /** The question and the answer: what the next turn begins with. */
  conversation: ChatMessage[];
}

/** Deploys a flow around a provider, asks, and waits for the end. */
export async function collectAnswer(
  runtime: TestRuntime,
  provider: FlowNode,
  model: string,
  message: object,
  credentials: Credentials = {},
): Promise<CollectedAnswer> {
  const nodes = [
    TAB,
    provider,
    createChatStreamNode({ model, wires: [["out", "collect"]] }),
    createCollectNode(),
    ...["out", "finished", "unfinished"].map(createSinkNode),
    ...createWitnessNodes(),
  ];
  await runtime.deploy(nodes, "full", credentials);
  runtime.clearMessages();
  runtime.inject("ask", message as Message);
  const [last] = await runtime.waitForEnds("out");
  const both = () => [...runtime.getMessages("finished"), ...runtime.getMessages("unfinished")];
  await runtime.arrivals.waitUntil(() => both().length > 0, "what collect makes of it");
  const collected = both()[0]!;
  const response = collected["response"] as Completion;
  const asked = last!["request"] as { messages: ChatMessage[] } | undefined;
  const answer = response.choices[0]?.message;
  return {
    messages: runtime.getMessages("out"),
    last: last!,
    error: last!["error"] as FailureData | undefined,
    collected,
    response,
    calls: answer?.tool_calls ?? [],
    conversation: [...(asked?.messages ?? []), ...(answer ? [answer as ChatMessage] : [])],
  };
}
