import type { ChatMessage } from "../../core/chat/chunk.js";
import type { Message, NodeRed, RuntimeNode } from "../red/api.js";
import { type ChatStreamConfig, promptName } from "./config.js";
import { parametersFrom } from "./parameters.js";
import { type Ask, bringsMessages, composeAsk, withHistory } from "./request.js";
import { evaluate } from "./typed-input.js";

/**
 * What a message asks of a chat-stream: settings, prompt and history.
 * @param history read only where it goes before the prompt
 * @throws Failure that names what cannot be asked
 */
export async function askFrom(
  red: NodeRed,
  node: RuntimeNode,
  config: ChatStreamConfig,
  message: Message,
  history: () => Promise<ChatMessage[]>,
): Promise<Ask> {
  const name = promptName(config);
  const prompt = bringsMessages(message)
    ? undefined
    : await evaluate(red, node, config.prompt || "payload", config.promptType || "msg", message);
  const system = await evaluate(red, node, config.system ?? "", config.systemType || "str", message);
  const ask = composeAsk(prompt, name, message, {
    model: config.model ?? "",
    system,
    parameters: parametersFrom(config),
  });
  ask.request = withHistory(ask, ask.whole ? [] : await history(), name);
  return ask;
}
