import type { ChatMessage } from "../../core/chat/chunk.js";
import type { Message, NodeRed, RuntimeNode } from "../red/api.js";
import { type ChatStreamConfig, describePrompt } from "./config.js";
import { readParameters } from "./parameters.js";
import { addHistory, bringsMessages, type ComposedRequest, mergeRequest } from "./request.js";
import { evaluateTypedInput } from "./typed-input.js";

/**
 * What a message asks of a chat-stream: settings, prompt and history.
 * @param history read only where it goes before the prompt
 * @throws Failure that names what cannot be asked
 */
export async function composeRequest(
  red: NodeRed,
  node: RuntimeNode,
  config: ChatStreamConfig,
  message: Message,
  history: () => Promise<ChatMessage[]>,
): Promise<ComposedRequest> {
  const name = describePrompt(config);
  const prompt = bringsMessages(message)
    ? undefined
    : await evaluateTypedInput(red, node, config.prompt || "payload", config.promptType || "msg", message);
  const system = await evaluateTypedInput(
    red,
    node,
    config.system ?? "",
    config.systemType || "str",
    message,
  );
  const ask = mergeRequest(prompt, name, message, {
    model: config.model ?? "",
    system,
    parameters: readParameters(config),
  });
  ask.request = addHistory(ask, ask.isWholeConversation ? [] : await history(), name);
  return ask;
}
