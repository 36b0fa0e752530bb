import type { ChatMessage } from "../core/chat/chunk.js";
import { isObject } from "../core/json/parse.js";
import { createOpenAiProvider, SPLIT_THINKING } from "./openai-compatible.js";
import type { Provider } from "./provider.js";
import { describePart, readContentParts } from "./shared/content-parts.js";
import {
  OPENAI_ONLY,
  type ParameterRules,
  SINGLE_TEXT_ANSWER,
  selectParameters,
} from "./shared/parameters.js";
import { createUnsupportedFailure } from "./shared/unsupported.js";
import { joinPathOnce } from "./shared/url.js";

const LABEL = "ChoreoAI";

/** Parameters in the server's schema. It silently drops all others. */
const RULES: ParameterRules = {
  service: LABEL,
  supported: new Set([
    "model",
    "messages",
    "stream",
    "temperature",
    "max_tokens",
    "top_p",
    "stop",
    "presence_penalty",
    "frequency_penalty",
    "user",
  ]),
  ignorable: {
    ...OPENAI_ONLY,
    ...SINGLE_TEXT_ANSWER,
    function_call: isUnforced,
    tool_choice: isUnforced,
    parallel_tool_calls: () => true,
    response_format: (value) => isObject(value) && value["type"] === "text",
    logprobs: (value) => value === false,
  },
};

function isUnforced(choice: unknown): boolean {
  return choice === "auto" || choice === "none";
}

/** The server of the ChoreoAI gateway (branch `develop`). It chooses the vendor by the beginning of the model's name. */
export const CHOREOAI_PROVIDER: Provider = createOpenAiProvider({
  id: "choreoai",
  label: LABEL,
  baseUrl: "http://localhost:8000",
  // A server in development takes any key, but refuses requests without one.
  keyRequired: true,
  keyVariable: "CHOREOAI_API_KEY",
  settings: [SPLIT_THINKING],
  speaks: false,
  buildChatUrl: ({ baseUrl }) => joinPathOnce(baseUrl, "v1", "chat/completions"),
  buildModelsUrl: ({ baseUrl }) => joinPathOnce(baseUrl, "v1", "models"),
  adaptBody: restrictBody,
});

/** Keeps what the server's schema has. @throws Failure `invalid_request` for anything that it would silently drop */
function restrictBody({
  max_completion_tokens: maxTokens,
  ...body
}: Record<string, unknown>): Record<string, unknown> {
  const restricted = selectParameters(RULES, body);
  if (maxTokens !== undefined) restricted["max_tokens"] = maxTokens;
  const messages = body["messages"] as readonly ChatMessage[];
  return { ...restricted, messages: messages.map(toPlainMessage) };
}

/** Reduces a message to role, text and name. @throws Failure `invalid_request` if it has anything else */
function toPlainMessage(message: ChatMessage, index: number): ChatMessage {
  const { role } = message;
  if (role === "tool" || role === "function") {
    throw createUnsupportedFailure(LABEL, `results of tools (message ${index})`);
  }
  const calls = message["tool_calls"];
  if (Array.isArray(calls) && calls.length > 0) {
    throw createUnsupportedFailure(LABEL, `tool calls (message ${index})`);
  }
  const texts = readContentParts(message, `Message ${index}`).map((part) => {
    if (part.kind !== "text")
      throw createUnsupportedFailure(LABEL, `${describePart(part)} (message ${index})`);
    return part.text;
  });
  const name = message["name"];
  return { role, content: texts.join("\n"), ...(typeof name === "string" ? { name } : {}) };
}
