import { createOpenAiProvider, SPLIT_THINKING } from "./openai-compatible.js";
import type { Provider } from "./provider.js";
import type { Endpoint } from "./shared/endpoint.js";
import { readModelNames } from "./shared/model-names.js";
import { buildSpeechRequest } from "./shared/speech.js";
import { encodePathSegment, joinPath } from "./shared/url.js";

/** From here on the dated API knows `max_completion_tokens`. */
const KNOWS_COMPLETION_TOKENS = "2024-09-01";

const CHAT = createOpenAiProvider({
  id: "azure-openai",
  label: "Azure OpenAI",
  keyRequired: true,
  keyVariable: "AZURE_OPENAI_API_KEY",
  settings: [{ name: "deployment", kind: "text" }, { name: "apiVersion", kind: "text" }, SPLIT_THINKING],
  maxTokensField: "max_completion_tokens",
  buildAuthorization: keyOf,
  buildChatUrl: (endpoint, model) => urlOf(endpoint, deploymentOf(endpoint) ?? model, "chat/completions"),
  buildModelsUrl: (endpoint) => {
    const version = versionOf(endpoint);
    if (version === undefined) return v1(endpoint, "models");
    return dated(joinPath(resource(endpoint), "openai/models"), version);
  },
  // The list is of what could be deployed: none of it can be asked before, and then under another name.
  modelNames: (body, endpoint) => {
    readModelNames(body);
    const deployment = deploymentOf(endpoint);
    return deployment === undefined ? [] : [deployment];
  },
  adaptBody: (body, endpoint) => {
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

/**
 * OpenAI's models in Azure: an address per resource, and a deployment in the place of the model. Without an API version
 * requests go to the v1 API (`/openai/v1/`), where the deployment is the model; with one to the deployment's own address.
 * A token of Entra ID goes into a secret header `Authorization`, instead of the key.
 */
export const AZURE_OPENAI: Provider = {
  ...CHAT,
  // A voice is another deployment than the one that chats.
  speech: (request, endpoint) => {
    const model = request.model ?? deploymentOf(endpoint) ?? "";
    return buildSpeechRequest(
      { ...request, model },
      endpoint,
      urlOf(endpoint, model, "audio/speech"),
      keyOf(endpoint),
    );
  },
};

function keyOf({ apiKey }: Endpoint): Record<string, string> {
  return apiKey ? { "api-key": apiKey } : {};
}

function urlOf(endpoint: Endpoint, deployment: string, path: string): URL {
  const version = versionOf(endpoint);
  if (version === undefined) return v1(endpoint, path);
  const step = encodePathSegment(deployment, "The name of the deployment");
  return dated(joinPath(resource(endpoint), `openai/deployments/${step}/${path}`), version);
}

function deploymentOf({ settings }: Endpoint): string | undefined {
  return settings?.["deployment"] as string | undefined;
}

/** The date of a dated API; undefined for the v1 API and its own versions. */
function versionOf({ settings }: Endpoint): string | undefined {
  const version = settings?.["apiVersion"] as string | undefined;
  return version === "v1" || version === "latest" || version === PREVIEW ? undefined : version;
}

/** The one version of the v1 API that is not its default: it has features that are not finished. */
const PREVIEW = "preview";

function v1(endpoint: Endpoint, path: string): URL {
  const url = joinPath(resource(endpoint), `openai/v1/${path}`);
  return endpoint.settings?.["apiVersion"] === PREVIEW ? dated(url, PREVIEW) : url;
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
