import type { ChatMessage } from "../../../src/core/chat/chunk.js";
import type { Message } from "../../../src/node-red/red/api.js";
import type { FlowNode } from "../runtime/node-red-api.js";
import type { TestRuntime } from "../runtime/node-red-runtime.js";
import { createTextBlock } from "../services/anthropic-records.js";
import { ANTHROPIC_KEY, type AnthropicService, type Turn } from "../services/anthropic-service.js";
import { createCollectFlow, createProviderNode } from "./nodes.js";

/** The credentials of the provider in flows with Anthropic. */
export const ANTHROPIC_CREDENTIALS = { provider: { apiKey: ANTHROPIC_KEY } };

/** A turn of the model that is one text, in these pieces. */
export const answerWith =
  (...texts: string[]): Turn =>
  (reply) =>
    reply.sendAnswer([createTextBlock(0, ...texts)]);

/** A flow with Anthropic's service, chat-stream → `out` and `collect`, as the tests use it. */
export function createAnthropicFlow(runtime: () => TestRuntime, service: () => AnthropicService) {
  const flow = (stream: Record<string, unknown> = {}): FlowNode[] => {
    const provider = createProviderNode(service().url, { provider: "anthropic" });
    return createCollectFlow(provider, { model: "claude-1", ...stream });
  };
  return {
    flow,
    /** Deploys the flow and asks. @returns the last message of the stream */
    async ask(message: Message = {}, stream: Record<string, unknown> = {}): Promise<Message> {
      runtime().clearMessages();
      await runtime().deploy(flow(stream), "full", ANTHROPIC_CREDENTIALS);
      runtime().inject("ask", { payload: "Hi", ...message });
      return (await runtime().waitForEnds("out"))[0]!;
    },
    /** @param nth number of the request, from 0 */
    readSentBody: (nth = 0) =>
      service().requests[nth]!.body as { messages: ChatMessage[] } & Record<string, unknown>,
    waitForCollected: async () =>
      (await runtime().waitUntil("finished", (messages) => messages.length > 0))[0]!,
  };
}
