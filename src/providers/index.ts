import { Failure } from "../core/failure.js";
import type { RefusalRule } from "../core/retry/refusal-window.js";
import { ANTHROPIC_PROVIDER } from "./anthropic/provider.js";
import { AZURE_OPENAI_PROVIDER } from "./azure-openai.js";
import { CHOREOAI_PROVIDER } from "./choreoai.js";
import { GEMINI_PROVIDER } from "./gemini/provider.js";
import { OLLAMA_PROVIDER } from "./ollama/provider.js";
import { createOpenAiProvider } from "./openai-compatible.js";
import { PRESETS } from "./presets.js";
import type { Provider } from "./provider.js";
import { REMOTE_PROVIDER } from "./remote/provider.js";
import { SAAS_LLM_PROVIDER } from "./saas-llm.js";
import { VENICE_PROVIDER } from "./venice.js";

/** The demo service: its server is part of the package, so it needs no account. The caller that starts it sets the URL. */
const DEMO = createOpenAiProvider({
  id: "demo",
  label: "Demo (built in, no key)",
  keyRequired: false,
  chooseModel: () => "demo",
  prefill: true,
  responses: {},
  settings: [],
});

/** All providers, in the order of the editor's list. A new one is a file beside this one and an entry here. */
export const PROVIDERS: readonly Provider[] = [
  DEMO,
  ...PRESETS.map(createOpenAiProvider),
  VENICE_PROVIDER,
  ANTHROPIC_PROVIDER,
  GEMINI_PROVIDER,
  AZURE_OPENAI_PROVIDER,
  OLLAMA_PROVIDER,
  CHOREOAI_PROVIDER,
  SAAS_LLM_PROVIDER,
  REMOTE_PROVIDER,
];

const BY_ID: ReadonlyMap<string, Provider> = new Map(PROVIDERS.map((provider) => [provider.id, provider]));

/** Further ids of providers. */
const ALIASES: Readonly<Record<string, string>> = { "openai-compatible": "custom" };

/** Gets the provider with this id. @throws Failure `configuration` if there is none */
export function getProvider(id: string): Provider {
  const provider = findById(id);
  if (!provider) {
    throw new Failure(
      "configuration",
      `There is no provider "${id}". Use one of: ${[...BY_ID.keys()].join(", ")}.`,
    );
  }
  return provider;
}

/** @returns the name of a provider that people are shown; the id itself if there is no such provider */
export function findProviderLabel(id: string): string {
  return findById(id)?.label ?? id;
}

/** @returns the rule by which a service blocks a key after too many refusals; undefined if none is known */
export function findRefusalRule(id: string): RefusalRule | undefined {
  return BY_ID.get(id)?.refusalRule;
}

/** Whether a provider continues an answer that ends the conversation; false for an unknown id. */
export function supportsPrefill(id: string): boolean {
  return BY_ID.get(id)?.prefill === true;
}

function findById(id: string): Provider | undefined {
  return BY_ID.get(Object.hasOwn(ALIASES, id) ? ALIASES[id]! : id);
}
