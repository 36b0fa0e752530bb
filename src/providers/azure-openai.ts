import { addressStep, under } from "./http.js";
import { openAiCompatible, SPLIT_THINKING } from "./openai-compatible.js";
import type { Endpoint, Provider } from "./provider.js";

/** From here on the dated API knows `max_completion_tokens`. */
const KNOWS_COMPLETION_TOKENS = "2024-09-01";

/**
 * OpenAI's models in Azure: an address per resource, and a deployment in the place of the model. Without an API version
 * requests go to the v1 API (`/openai/v1/`), where the deployment is the model; with one to the deployment's own address.
 * A token of Entra ID goes into a secret header `Authorization`, instead of the key.
 */
export const AZURE_OPENAI: Provider = openAiCompatible({
  id: "azure-openai",
  label: "Azure OpenAI",
  keyRequired: true,
  keyVariable: "AZURE_OPENAI_API_KEY",
  settings: [{ name: "deployment", kind: "text" }, { name: "apiVersion", kind: "text" }, SPLIT_THINKING],
  maxTokensField: "max_completion_tokens",
  authorization: ({ apiKey }): Record<string, string> => (apiKey ? { "api-key": apiKey } : {}),
  chatUrl: (endpoint, model) => {
    const version = versionOf(endpoint);
    if (version === undefined) return under(resource(endpoint), "openai/v1/chat/completions");
    const deployment = addressStep(deploymentOf(endpoint) ?? model, "The name of the deployment");
    return dated(under(resource(endpoint), `openai/deployments/${deployment}/chat/completions`), version);
  },
  modelsUrl: (endpoint) => {
    const version = versionOf(endpoint);
    if (version === undefined) return under(resource(endpoint), "openai/v1/models");
    return dated(under(resource(endpoint), "openai/models"), version);
  },
  adapt: (body, endpoint) => {
    const { max_completion_tokens: most, ...rest } = body;
    const version = versionOf(endpoint);
    const old = version !== undefined && version < KNOWS_COMPLETION_TOKENS;
    const model = deploymentOf(endpoint) ?? body["model"];
    return {
      ...rest,
      model,
      ...(most === undefined ? {} : { [old ? "max_tokens" : "max_completion_tokens"]: most }),
    };
  },
});

function deploymentOf({ settings }: Endpoint): string | undefined {
  return settings?.["deployment"] as string | undefined;
}

/** "preview" and "latest" are versions of the v1 API, which takes them as its default. */
function versionOf({ settings }: Endpoint): string | undefined {
  const version = settings?.["apiVersion"] as string | undefined;
  return version === "v1" || version === "latest" || version === "preview" ? undefined : version;
}

function dated(url: URL, version: string): URL {
  url.searchParams.set("api-version", version);
  return url;
}

/** The resource's address, whether the author gives it alone or with the path that the portal shows. */
function resource({ baseUrl }: Endpoint): string {
  const url = new URL(baseUrl);
  url.pathname = url.pathname.replace(/\/openai(\/.*)?$/, "/");
  url.searchParams.delete("api-version");
  return url.href;
}
