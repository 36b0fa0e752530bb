import type { ChatMessage } from "../core/chat/chunk.js";
import { isObject } from "../core/json/parse.js";
import { createOpenAiProvider, SPLIT_THINKING } from "./openai-compatible.js";
import type { Provider } from "./provider.js";
import { describePart, readContentParts } from "./shared/content-parts.js";
import { type IgnorableParameters, isTextOnly, knownOnly, OPENAI_ONLY } from "./shared/parameters.js";
import { createUnsupportedFailure } from "./shared/unsupported.js";
import { joinPathOnce } from "./shared/url.js";

const LABEL = "ChoreoAI";

/** What the server's schema has. */
const FIELDS: ReadonlySet<string> = new Set([
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
]);

/** Fields that it does not have and that make no difference with these values. */
const HARMLESS: IgnorableParameters = {
  ...OPENAI_ONLY,
  function_call: isDefault,
  tool_choice: isDefault,
  parallel_tool_calls: () => true,
  n: (value) => value === 1,
  response_format: (value) => isObject(value) && value["type"] === "text",
  logprobs: (value) => value === false,
  modalities: isTextOnly,
};

function isDefault(choice: unknown): boolean {
  return choice === "auto" || choice === "none";
}

/** The gateway's server (branch `develop`): it routes by the beginning of the model's name. */
export const CHOREOAI: Provider = createOpenAiProvider({
  id: "choreoai",
  label: LABEL,
  baseUrl: "http://localhost:8000",
  // In development any key will do, but there must be one.
  keyRequired: true,
  keyVariable: "CHOREOAI_API_KEY",
  settings: [SPLIT_THINKING],
  speaks: false,
  buildChatUrl: ({ baseUrl }) => joinPathOnce(baseUrl, "v1", "chat/completions"),
  buildModelsUrl: ({ baseUrl }) => joinPathOnce(baseUrl, "v1", "models"),
  adaptBody: adapt,
});

/** What its server would drop without a word, and the answer be another one for it, is refused. */
function adapt({ max_completion_tokens: most, ...body }: Record<string, unknown>): Record<string, unknown> {
  const known = knownOnly(LABEL, body, FIELDS, HARMLESS);
  if (most !== undefined) known["max_tokens"] = most;
  const messages = body["messages"] as readonly ChatMessage[];
  return { ...known, messages: messages.map(plainMessage) };
}

/** A role, a text and a name are all that a message has. */
function plainMessage(message: ChatMessage, at: number): ChatMessage {
  const { role } = message;
  if (role === "tool" || role === "function")
    throw createUnsupportedFailure(LABEL, `results of tools (message ${at})`);
  const calls = message["tool_calls"];
  if (Array.isArray(calls) && calls.length > 0)
    throw createUnsupportedFailure(LABEL, `tool calls (message ${at})`);
  const texts = readContentParts(message, `Message ${at}`).map((part) => {
    if (part.kind !== "text") throw createUnsupportedFailure(LABEL, `${describePart(part)} (message ${at})`);
    return part.text;
  });
  const name = message["name"];
  return { role, content: texts.join("\n"), ...(typeof name === "string" ? { name } : {}) };
}
