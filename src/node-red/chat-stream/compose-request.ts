import type { ChatMessage } from "../../core/chat/chunk.js";
import type { Message, NodeRed, RuntimeNode } from "../red/api.js";
import { type ChatStreamConfig, describePrompt } from "./config.js";
import { readParameters } from "./parameters.js";
import { addHistory, bringsMessages, type ComposedRequest, mergeRequest } from "./request.js";
import { evaluateTypedInput } from "./typed-input.js";

/**
 * Composes the request for a message from the node's settings, the prompt and the history.
 * @param readHistory called only if the history goes before the prompt
 * @throws Failure `invalid_request` or `configuration` that names the property or setting and what is wrong with it
 */
export async function composeRequest(
  red: NodeRed,
  node: RuntimeNode,
  config: ChatStreamConfig,
  message: Message,
  readHistory: () => Promise<ChatMessage[]>,
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
  const composed = mergeRequest(prompt, name, message, {
    model: config.model ?? "",
    system,
    parameters: readParameters(config),
  });
  composed.request = addHistory(composed, composed.isWholeConversation ? [] : await readHistory(), name);
  return composed;
}
