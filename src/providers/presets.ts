import type { Preset } from "./openai-compatible.js";

/** The services that speak Chat Completions, with the addresses that their documentation gives. */
export const PRESETS: readonly Preset[] = [
  {
    id: "openai",
    label: "OpenAI",
    baseUrl: "https://api.openai.com/v1",
    keyRequired: true,
    keyVariable: "OPENAI_API_KEY",
    maxTokensField: "max_completion_tokens",
  },
  {
    id: "openrouter",
    label: "OpenRouter",
    baseUrl: "https://openrouter.ai/api/v1",
    keyRequired: true,
    keyVariable: "OPENROUTER_API_KEY",
  },
  {
    id: "groq",
    label: "Groq",
    baseUrl: "https://api.groq.com/openai/v1",
    keyRequired: true,
    keyVariable: "GROQ_API_KEY",
  },
  {
    id: "mistral",
    label: "Mistral",
    baseUrl: "https://api.mistral.ai/v1",
    keyRequired: true,
    keyVariable: "MISTRAL_API_KEY",
  },
  {
    id: "deepseek",
    label: "DeepSeek",
    baseUrl: "https://api.deepseek.com/v1",
    keyRequired: true,
    keyVariable: "DEEPSEEK_API_KEY",
  },
  {
    id: "together",
    label: "Together AI",
    baseUrl: "https://api.together.xyz/v1",
    keyRequired: true,
    keyVariable: "TOGETHER_API_KEY",
  },
  { id: "xai", label: "xAI", baseUrl: "https://api.x.ai/v1", keyRequired: true, keyVariable: "XAI_API_KEY" },
  { id: "lmstudio", label: "LM Studio", baseUrl: "http://127.0.0.1:1234/v1", keyRequired: false },
  { id: "llamacpp", label: "llama.cpp server", baseUrl: "http://127.0.0.1:8080/v1", keyRequired: false },
  { id: "vllm", label: "vLLM", baseUrl: "http://127.0.0.1:8000/v1", keyRequired: false },
  {
    id: "litellm",
    label: "LiteLLM proxy",
    baseUrl: "http://127.0.0.1:4000/v1",
    keyRequired: false,
    keyVariable: "LITELLM_API_KEY",
  },
  {
    id: "ollama-v1",
    label: "Ollama (OpenAI form)",
    baseUrl: "http://127.0.0.1:11434/v1",
    keyRequired: false,
  },
  { id: "custom", label: "Custom (OpenAI-compatible)", keyRequired: false },
];
