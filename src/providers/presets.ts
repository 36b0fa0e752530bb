import { isObject } from "../core/json/parse.js";
import { adaptDeepSeekEffort } from "./compatible/deepseek.js";
import { adaptMistralBody } from "./compatible/mistral.js";
import { OPENAI_TOOLS } from "./hosted/tools.js";
import type { Preset } from "./openai-compatible.js";
import type { ResponsesTraits } from "./responses/traits.js";
import { type AssistantSchema, restrictMessages } from "./shared/strict-messages.js";
import { joinPath } from "./shared/url.js";
import { buildGetRequest } from "./shared/wire-request.js";

/** Groq refuses unknown fields, and calls reasoning `reasoning`. */
const GROQ: AssistantSchema = {
  fields: new Set(["content", "name", "reasoning", "tool_calls"]),
  renamed: { reasoning_content: "reasoning" },
};

/** Responses as OpenAI offers them, and services that pass requests on to its models. */
const OPENAI_RESPONSES: ResponsesTraits = { encryptsReasoning: true, refusesPlainReasoning: true };

/** Services that offer Chat Completions, with the base URLs from their documentation. */
export const PRESETS: readonly Preset[] = [
  {
    id: "openai",
    label: "OpenAI",
    baseUrl: "https://api.openai.com/v1",
    keyRequired: true,
    keyVariable: "OPENAI_API_KEY",
    maxTokensField: "max_completion_tokens",
    responses: OPENAI_RESPONSES,
    prefersResponses: true,
    hostedTools: OPENAI_TOOLS,
  },
  {
    id: "openrouter",
    label: "OpenRouter",
    baseUrl: "https://openrouter.ai/api/v1",
    keyRequired: true,
    prefill: true,
    keyVariable: "OPENROUTER_API_KEY",
    responses: OPENAI_RESPONSES,
    balance: {
      request: (endpoint) => buildGetRequest(endpoint, joinPath(endpoint.baseUrl, "key")),
      read: readOpenRouterBalance,
    },
  },
  {
    id: "groq",
    label: "Groq",
    baseUrl: "https://api.groq.com/openai/v1",
    keyRequired: true,
    prefill: true,
    keyVariable: "GROQ_API_KEY",
    responses: { takesStore: false },
    needsReasoning: () => false,
    adaptBody: (body) => restrictMessages(body, GROQ),
  },
  {
    id: "mistral",
    label: "Mistral",
    hasOneLimit: true,
    baseUrl: "https://api.mistral.ai/v1",
    keyRequired: true,
    keyVariable: "MISTRAL_API_KEY",
    needsReasoning: () => false,
    // Its API refuses any other id of a call: "must be a-z, A-Z, 0-9, with a length of 9".
    callIds: /^[A-Za-z0-9]{9}$/,
    // Kept there until the body is adapted.
    reasoningField: "reasoning_content",
    adaptBody: adaptMistralBody,
  },
  {
    id: "deepseek",
    label: "DeepSeek",
    hasOneLimit: true,
    baseUrl: "https://api.deepseek.com/v1",
    keyRequired: true,
    keyVariable: "DEEPSEEK_API_KEY",
    responses: { callsLast: true },
    // With thinking, it refuses a turn with tool calls in which an answer lacks its reasoning.
    reasoningField: "reasoning_content",
    needsReasoning: () => true,
    schemas: false,
    speaks: false,
    adaptBody: adaptDeepSeekEffort,
  },
  {
    id: "together",
    label: "Together AI",
    hasOneLimit: true,
    baseUrl: "https://api.together.xyz/v1",
    keyRequired: true,
    keyVariable: "TOGETHER_API_KEY",
  },
  {
    id: "xai",
    label: "xAI",
    baseUrl: "https://api.x.ai/v1",
    keyRequired: true,
    keyVariable: "XAI_API_KEY",
    responses: { ...OPENAI_RESPONSES, reasoningStatus: "completed", parameters: ["seed"] },
  },
  {
    id: "lmstudio",
    label: "LM Studio",
    baseUrl: "http://127.0.0.1:1234/v1",
    keyRequired: false,
    prefill: true,
    responses: {},
    speaks: false,
  },
  {
    id: "llamacpp",
    label: "llama.cpp server",
    baseUrl: "http://127.0.0.1:8080/v1",
    // The server has loaded one model and answers with it, whatever the request names.
    chooseModel: () => "default",
    keyRequired: false,
    prefill: true,
    responses: { hidesLimit: true },
    speaks: false,
  },
  {
    id: "vllm",
    label: "vLLM",
    baseUrl: "http://127.0.0.1:8000/v1",
    keyRequired: false,
    responses: {
      parameters: ["seed", "stop", "logit_bias", "presence_penalty", "frequency_penalty"],
    },
  },
  {
    id: "litellm",
    label: "LiteLLM proxy",
    baseUrl: "http://127.0.0.1:4000/v1",
    keyRequired: false,
    keyVariable: "LITELLM_API_KEY",
    responses: { encryptsReasoning: true },
  },
  {
    id: "ollama-v1",
    label: "Ollama (OpenAI form)",
    baseUrl: "http://127.0.0.1:11434/v1",
    keyRequired: false,
    prefill: true,
    responses: { hidesLimit: true },
    speaks: false,
  },
  {
    id: "custom",
    label: "Custom (OpenAI-compatible)",
    keyRequired: false,
    responses: { encryptsReasoning: true, hidesLimit: true },
  },
];

/** Reads what the key may still spend. It is null for a key without a limit of its own; such a key cannot see the account. */
function readOpenRouterBalance(body: unknown): string | undefined {
  const data = isObject(body) ? body["data"] : undefined;
  const remaining = isObject(data) ? data["limit_remaining"] : undefined;
  return typeof remaining === "number" ? `${Number(remaining.toFixed(2))} USD` : undefined;
}
