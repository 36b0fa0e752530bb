import { type ChatRequest, cleanParameters, type WireRequest } from "../core/chat/request.js";
import { removeEchoFields } from "../core/chat/vendor-echo.js";
import { isObject } from "../core/json/parse.js";
import type { Provider, ProviderMemory, ProviderSetting } from "./provider.js";
import type { Endpoint } from "./shared/endpoint.js";
import { readModelNames } from "./shared/model-names.js";
import { readResponseFailure } from "./shared/response-failure.js";
import { buildSpeechRequest } from "./shared/speech.js";
import { joinPath } from "./shared/url.js";
import { buildBearerHeader, buildHeaders, buildPostRequest } from "./shared/wire-request.js";

/** What differs between the services that speak Chat Completions. */
export interface Preset {
  id: string;
  label: string;
  baseUrl?: string;
  keyRequired: boolean;
  keyVariable?: string;
  /** OpenAI's newer models refuse `max_tokens`. */
  maxTokensField?: "max_tokens" | "max_completion_tokens";
  /** It goes on from an assistant's message that stands last. */
  prefill?: boolean;
  /** Whether it speaks texts, at `audio/speech` below the base URL; default: yes. */
  speaks?: false;
  settings?: readonly ProviderSetting[];
  /** Where the questions go; default: `chat/completions` below the base URL. */
  buildChatUrl?(endpoint: Endpoint, model: string): URL;
  /** Where the list of models is; default: `models` below the base URL. */
  buildModelsUrl?(endpoint: Endpoint): URL;
  /** What the list tells; default: all names in it that may chat. */
  modelNames?: Provider["modelNames"];
  balance?: Provider["balance"];
  /** How the key travels; default: as a bearer token. */
  buildAuthorization?(endpoint: Endpoint): Record<string, string>;
  /**
   * The body in the form that this service takes; default: as it is.
   * @throws Failure `invalid_request` for what the service cannot take
   */
  adaptBody?(body: Record<string, unknown>, endpoint: Endpoint): Record<string, unknown>;
}

/** Reasoning that a model writes between tags into its answer is told apart; see `ThinkingSplitter`. */
export const SPLIT_THINKING: ProviderSetting = { name: "splitThinking", kind: "tick", shared: true };

/** Makes the provider of a service that speaks OpenAI's Chat Completions. */
export function createOpenAiProvider(preset: Preset): Provider {
  const {
    buildAuthorization: authorization = buildBearerHeader,
    buildModelsUrl: modelsUrl = (endpoint) => joinPath(endpoint.baseUrl, "models"),
  } = preset;
  return {
    id: preset.id,
    label: preset.label,
    keyRequired: preset.keyRequired,
    prefill: preset.prefill === true,
    settings: preset.settings ?? [SPLIT_THINKING],
    ...(preset.baseUrl === undefined ? {} : { baseUrl: preset.baseUrl }),
    ...(preset.keyVariable === undefined ? {} : { keyVariable: preset.keyVariable }),
    chat: createChatBuilder(preset),
    ...(preset.speaks === false
      ? {}
      : { speech: (request, endpoint) => buildSpeechRequest(request, endpoint) }),
    models: (endpoint) => ({
      method: "GET",
      url: modelsUrl(endpoint),
      headers: buildHeaders(endpoint, authorization(endpoint)),
    }),
    modelNames: preset.modelNames ?? readModelNames,
    ...(preset.balance ? { balance: preset.balance } : {}),
    failure: readResponseFailure,
    learn: learnFromRefusal,
  };
}

function createChatBuilder(preset: Preset): Provider["chat"] {
  const {
    adaptBody: adapt = (body) => body,
    buildAuthorization: authorization = buildBearerHeader,
    maxTokensField = "max_tokens",
  } = preset;
  const chatUrl = preset.buildChatUrl ?? ((endpoint) => joinPath(endpoint.baseUrl, "chat/completions"));
  /** The same for most requests of an endpoint, and a fifth of what is to be done before a request can leave. */
  const destinations = new WeakMap<Endpoint, { model: string; url: URL; headers: Record<string, string> }>();
  return (request: ChatRequest, endpoint: Endpoint, memory: ProviderMemory): WireRequest => {
    const { model } = request;
    let known = destinations.get(endpoint);
    if (known?.model !== model) {
      const headers = buildHeaders(endpoint, authorization(endpoint));
      known = { model, url: chatUrl(endpoint, model), headers };
      destinations.set(endpoint, known);
    }
    const body = buildBody(request, memory, maxTokensField);
    return buildPostRequest(known.url, known.headers, adapt(body, endpoint));
  };
}

function buildBody(
  request: ChatRequest,
  memory: ProviderMemory,
  maxTokensField: string,
): Record<string, unknown> {
  const { max_tokens: maxTokens, stream_options: own, ...parameters } = cleanParameters(request.parameters);
  const body: Record<string, unknown> = {
    model: request.model,
    messages: removeEchoFields(request.messages),
  };
  const usage = memory.refusesStreamOptions ? undefined : { include_usage: true };
  // Who wants another of its fields does not want to lose the usage.
  const streamOptions = isObject(own) ? { ...usage, ...own } : (own ?? usage);
  if (streamOptions !== undefined) body["stream_options"] = streamOptions;
  if (maxTokens !== undefined) body[maxTokensField] = maxTokens;
  Object.assign(body, parameters);
  if (request.tools && request.tools.length > 0) body["tools"] = request.tools;
  body["stream"] = true;
  return body;
}

/** The field's name, but not where a refusal only repeats what was sent (FastAPI's `input`). */
const ABOUT_STREAM_OPTIONS = /stream_options(?!\W{0,40}\{\W{0,40}include_)/;

/** A 400 that names `stream_options` is about that field: ask once more without. */
function learnFromRefusal(status: number, body: string, memory: ProviderMemory): ProviderMemory | undefined {
  const about = (status === 400 || status === 422) && ABOUT_STREAM_OPTIONS.test(body);
  return about && !memory.refusesStreamOptions ? { refusesStreamOptions: true } : undefined;
}
