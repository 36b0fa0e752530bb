import type { ChatMessage, Completion, ToolCall } from "../../../src/core/chat/chunk.js";
import type { FailureData } from "../../../src/core/failure.js";
import type { Message } from "../../../src/node-red/red/api.js";
import { createCollectFlow } from "../flows/nodes.js";
import type { Credentials, FlowNode } from "../runtime/node-red-api.js";
import type { TestRuntime } from "../runtime/node-red-runtime.js";

/** The answer to a question in a flow with chat-stream and collect. */
export interface CollectedAnswer {
  /** The messages of the stream. */
  messages: Message[];
  /** The last message. */
  last: Message;
  /** The error of the last message. */
  error: FailureData | undefined;
  /** The message of the collect node, from either output. */
  collected: Message;
  response: Completion;
  /** The tool calls of the answer. */
  calls: readonly ToolCall[];
  /** The question and the answer, to begin the next turn with. */
  conversation: ChatMessage[];
}

/** Deploys a flow with a provider, asks, and waits for the collected answer. */
export async function collectAnswer(
  runtime: TestRuntime,
  provider: FlowNode,
  model: string,
  message: object,
  credentials: Credentials = {},
): Promise<CollectedAnswer> {
  await runtime.deploy(createCollectFlow(provider, { model }), "full", credentials);
  runtime.clearMessages();
  runtime.inject("ask", message as Message);
  const [last] = await runtime.waitForEnds("out");
  const getCollected = () => [...runtime.getMessages("finished"), ...runtime.getMessages("unfinished")];
  await runtime.arrivals.waitUntil(() => getCollected().length > 0, "the message of collect");
  const collected = getCollected()[0]!;
  const response = collected["response"] as Completion;
  const request = last!["request"] as { messages: ChatMessage[] } | undefined;
  const answer = response.choices[0]?.message;
  return {
    messages: runtime.getMessages("out"),
    last: last!,
    error: last!["error"] as FailureData | undefined,
    collected,
    response,
    calls: answer?.tool_calls ?? [],
    conversation: [...(request?.messages ?? []), ...(answer ? [answer as ChatMessage] : [])],
  };
}
