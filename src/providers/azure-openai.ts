import { Failure } from "../core/failure.js";
import { OPENAI_TOOLS } from "./hosted/tools.js";
import { createOpenAiProvider, SPLIT_THINKING } from "./openai-compatible.js";
import type { Provider } from "./provider.js";
import type { Endpoint } from "./shared/endpoint.js";
import { readModelNames } from "./shared/model-names.js";
import { buildSpeechRequest } from "./shared/speech.js";
import { encodePathSegment, joinPath } from "./shared/url.js";

/** The first API version with `max_completion_tokens`; earlier ones take only `max_tokens`. */
const FIRST_WITH_COMPLETION_TOKENS = "2024-09-01";

/** The first dated API version with Responses. */
const FIRST_WITH_RESPONSES = "2025-03-01";

const CHAT = createOpenAiProvider({
  id: "azure-openai",
  label: "Azure OpenAI",
  keyRequired: true,
  keyVariable: "AZURE_OPENAI_API_KEY",
  settings: [{ name: "deployment", kind: "text" }, { name: "apiVersion", kind: "text" }, SPLIT_THINKING],
  maxTokensField: "max_completion_tokens",
  responses: { encryptsReasoning: true, refusesPlainReasoning: true },
  prefersResponses: true,
  hostedTools: OPENAI_TOOLS,
  ownHost: /\.(?:openai|cognitiveservices|services\.ai)\.azure\.(?:com|us|cn)$/,
  lacksResponses,
  buildResponsesUrl,
  chooseModel: readDeployment,
  adaptModel: (model, endpoint) => readDeployment(endpoint) ?? model,
  buildAuthorization: buildKeyHeader,
  buildChatUrl: (endpoint, model) =>
    buildDeploymentUrl(endpoint, readDeployment(endpoint) ?? model, "chat/completions"),
  buildModelsUrl: (endpoint) => {
    const version = readDatedVersion(endpoint);
    if (version === undefined) return buildV1Url(endpoint, "models");
    return addApiVersion(joinPath(trimResourceUrl(endpoint), "openai/models"), version);
  },
  // Azure lists the models that could be deployed. Requests can only name a deployment, so that is what is offered.
  readModelNames: (body, endpoint) => {
    readModelNames(body);
    const deployment = readDeployment(endpoint);
    return deployment === undefined ? [] : [deployment];
  },
  adaptBody: (body, endpoint) => {
    const { max_completion_tokens: maxTokens, ...rest } = body;
    const version = readDatedVersion(endpoint);
    const isOld = version !== undefined && version < FIRST_WITH_COMPLETION_TOKENS;
    const model = readDeployment(endpoint) ?? body["model"];
    return {
      ...rest,
      model,
      ...(maxTokens === undefined ? {} : { [isOld ? "max_tokens" : "max_completion_tokens"]: maxTokens }),
    };
  },
});

/**
 * OpenAI's models in Azure. Each resource has its own address, and requests name a deployment instead of a model. Without
 * an API version, requests go to the v1 API (`/openai/v1/`) with the deployment as the model; with a dated version, to the
 * deployment's own path. A token of Entra ID is set as a secret header `Authorization` and replaces the key.
 */
export const AZURE_OPENAI_PROVIDER: Provider = {
  ...CHAT,
  // The model that speaks is another deployment than the one that chats.
  buildSpeechRequest: (request, endpoint) => {
    const model = request.model ?? readDeployment(endpoint) ?? "";
    return buildSpeechRequest(
      { ...request, model },
      endpoint,
      buildDeploymentUrl(endpoint, model, "audio/speech"),
      buildKeyHeader(endpoint),
    );
  },
};

function lacksResponses(endpoint: Endpoint): boolean {
  const version = readDatedVersion(endpoint);
  return version !== undefined && version < FIRST_WITH_RESPONSES;
}

/** @throws Failure `configuration` if the API version is older than Responses */
function buildResponsesUrl(endpoint: Endpoint): URL {
  const version = readDatedVersion(endpoint);
  if (version === undefined) return buildV1Url(endpoint, "responses");
  if (!lacksResponses(endpoint))
    return addApiVersion(joinPath(trimResourceUrl(endpoint), "openai/responses"), version);
  throw new Failure(
    "configuration",
    `The API version ${version} of Azure OpenAI has no Responses. Clear the API version in the provider, or set API to Chat Completions.`,
  );
}

function buildKeyHeader({ apiKey }: Endpoint): Record<string, string> {
  return apiKey ? { "api-key": apiKey } : {};
}

function buildDeploymentUrl(endpoint: Endpoint, deployment: string, path: string): URL {
  const version = readDatedVersion(endpoint);
  if (version === undefined) return buildV1Url(endpoint, path);
  const segment = encodePathSegment(deployment, "The name of the deployment");
  return addApiVersion(joinPath(trimResourceUrl(endpoint), `openai/deployments/${segment}/${path}`), version);
}

function readDeployment({ settings }: Endpoint): string | undefined {
  return settings?.["deployment"] as string | undefined;
}

/** Reads the API version; undefined for the v1 API, whose versions are not dates. */
function readDatedVersion({ settings }: Endpoint): string | undefined {
  const version = settings?.["apiVersion"] as string | undefined;
  return version === "v1" || version === "latest" || version === PREVIEW ? undefined : version;
}

/** The version of the v1 API with unfinished features; its default has only stable ones. */
const PREVIEW = "preview";

function buildV1Url(endpoint: Endpoint, path: string): URL {
  const url = joinPath(trimResourceUrl(endpoint), `openai/v1/${path}`);
  return endpoint.settings?.["apiVersion"] === PREVIEW ? addApiVersion(url, PREVIEW) : url;
}

function addApiVersion(url: URL, version: string): URL {
  url.searchParams.set("api-version", version);
  return url;
}

/** Cuts the base URL down to the resource: the portal shows it with the path of an operation. */
function trimResourceUrl({ baseUrl }: Endpoint): string {
  const url = new URL(baseUrl);
  url.pathname = url.pathname.replace(/\/openai(\/[\s\S]*)?$/, "/");
  url.searchParams.delete("api-version");
  return url.href;
}
