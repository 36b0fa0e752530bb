/** What the dialog shows to an author who begins with a service. No code depends on it, because models and pages change. */
export interface FirstSteps {
  /** A usual model, shown as an example in the dialog. It is never sent by itself. */
  usualModel?: string;
  /** What an address looks like, for a service that has none of its own. */
  exampleUrl?: string;
  /** The vendor's page where keys are made. */
  keyPage?: string;
}

/** First steps by the id of the provider. Services on the author's own machine have what was installed there. */
const FIRST_STEPS: Readonly<Record<string, FirstSteps>> = {
  openai: { usualModel: "gpt-6-luna", keyPage: "https://platform.openai.com/api-keys" },
  openrouter: { usualModel: "openai/gpt-6-luna", keyPage: "https://openrouter.ai/keys" },
  groq: { usualModel: "llama-3.1-8b-instant", keyPage: "https://console.groq.com/keys" },
  mistral: { usualModel: "mistral-small-latest", keyPage: "https://console.mistral.ai/api-keys" },
  deepseek: { usualModel: "deepseek-chat", keyPage: "https://platform.deepseek.com/api_keys" },
  together: {
    usualModel: "meta-llama/Llama-3.3-70B-Instruct-Turbo",
    keyPage: "https://api.together.ai/settings/api-keys",
  },
  xai: { usualModel: "grok-3-mini", keyPage: "https://console.x.ai" },
  venice: { usualModel: "default", keyPage: "https://venice.ai/settings/api" },
  anthropic: {
    usualModel: "claude-haiku-4-5",
    keyPage: "https://console.anthropic.com/settings/keys",
  },
  gemini: { usualModel: "gemini-flash-latest", keyPage: "https://aistudio.google.com/apikey" },
  "azure-openai": { exampleUrl: "https://NAME.openai.azure.com", keyPage: "https://portal.azure.com" },
  ollama: { usualModel: "llama3.2" },
  "ollama-v1": { usualModel: "llama3.2" },
};

/** @returns no fields if nothing is known for this provider */
export function findFirstSteps(provider: string): FirstSteps {
  return Object.hasOwn(FIRST_STEPS, provider) ? FIRST_STEPS[provider]! : {};
}
