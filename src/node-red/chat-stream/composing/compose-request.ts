import type { ChatMessage } from "../../../core/chat/chunk.js";
import type { Clock } from "../../../core/clock.js";
import type { Message, NodeRed, RuntimeNode } from "../../red/api.js";
import { readTextSetting } from "../../red/settings.js";
import { evaluateTypedInput } from "../../red/values/typed-input.js";
import { findVariable } from "../../red/variables.js";
import { checkReaders } from "../../wires/ask-loops.js";
import { type ChatStreamConfig, readPromptSource } from "../config.js";
import { readParameters } from "../parameters.js";
import { addHistory, bringsMessages, type ComposedRequest, mergeRequest } from "./request.js";

/** What a request is composed with. */
export interface ComposeContext {
  red: NodeRed;
  node: RuntimeNode;
  clock: Clock;
  config: ChatStreamConfig;
  /** Called only if the history goes before the prompt. */
  readHistory: () => Promise<ChatMessage[]>;
}

/**
 * Composes the request for a message from the node's settings, the prompt and the history.
 * @throws Failure `invalid_request` or `configuration` that names the property, setting or wire and what is wrong with it
 */
export async function composeRequest(
  { red, node, clock, config, readHistory }: ComposeContext,
  message: Message,
): Promise<ComposedRequest> {
  checkReaders(red, node);
  const readText = (property: "model" | "system", label: string) =>
    readTextSetting(config[property], label, () => findVariable(red, node, property));
  const { name, ...source } = readPromptSource(config);
  const promptInput = { ...source, name: "prompt" };
  const prompt = bringsMessages(message)
    ? undefined
    : await evaluateTypedInput(red, node, clock, promptInput, message);
  const type = config.systemType || "str";
  const value = readText("system", "system prompt");
  const systemInput = { value, type, name: "system prompt" };
  const system = await evaluateTypedInput(red, node, clock, systemInput, message);
  const composed = mergeRequest(prompt, name, message, {
    model: readText("model", "model"),
    system,
    parameters: readParameters(config),
    showsSystem: config.includeSystem === true,
  });
  composed.request = addHistory(composed, composed.isWholeConversation ? [] : await readHistory(), name);
  return composed;
}
