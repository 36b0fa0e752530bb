import { withoutKept } from "../core/echo.js";
import { type ChatRequest, cleanParameters, type WireRequest } from "../core/request.js";
import { bearer, headersFor, modelNames, postJson, responseFailure, under } from "./http.js";
import type { Endpoint, Provider, ProviderMemory, ProviderSetting } from "./provider.js";
import { openAiSpeech } from "./speech.js";

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
  settings?: readonly ProviderSetting[];
  /** Where the questions go; default: `chat/completions` below the base URL. */
  chatUrl?(endpoint: Endpoint, model: string): URL;
  /** Where the list of models is; default: `models` below the base URL. */
  modelsUrl?(endpoint: Endpoint): URL;
  /** How the key travels; default: as a bearer token. */
  authorization?(endpoint: Endpoint): Record<string, string>;
  /**
   * The body in the form that this service takes; default: as it is.
   * @throws Failure `invalid_request` for what the service cannot take
   */
  adapt?(body: Record<string, unknown>, endpoint: Endpoint): Record<string, unknown>;
}

/** Reasoning that a model writes between tags into its answer is told apart; see `ThinkingSplitter`. */
export const SPLIT_THINKING: ProviderSetting = { name: "splitThinking", kind: "tick", shared: true };

/** Makes the provider of a service that speaks OpenAI's Chat Completions. */
export function openAiCompatible(preset: Preset): Provider {
  const { authorization = bearer, modelsUrl = (endpoint) => under(endpoint.baseUrl, "models") } = preset;
  return {
    id: preset.id,
    label: preset.label,
    keyRequired: preset.keyRequired,
    prefill: preset.prefill === true,
    settings: preset.settings ?? [SPLIT_THINKING],
    ...(preset.baseUrl === undefined ? {} : { baseUrl: preset.baseUrl }),
    ...(preset.keyVariable === undefined ? {} : { keyVariable: preset.keyVariable }),
    chat: chatWith(preset),
    // Elsewhere than usual, its address is not known.
    ...(preset.chatUrl ? {} : { speech: openAiSpeech }),
    models: (endpoint) => ({
      method: "GET",
      url: modelsUrl(endpoint),
      headers: headersFor(endpoint, authorization(endpoint)),
    }),
    modelNames,
    failure: responseFailure,
    learn: learnFromRefusal,
  };
}

function chatWith(preset: Preset): Provider["chat"] {
  const { adapt = (body) => body, authorization = bearer, maxTokensField = "max_tokens" } = preset;
  const chatUrl = preset.chatUrl ?? ((endpoint) => under(endpoint.baseUrl, "chat/completions"));
  /** The same for most requests of an endpoint, and a fifth of what is to be done before a request can leave. */
  const destinations = new WeakMap<Endpoint, { model: string; url: URL; headers: Record<string, string> }>();
  return (request: ChatRequest, endpoint: Endpoint, memory: ProviderMemory): WireRequest => {
    const { model } = request;
    let known = destinations.get(endpoint);
    if (known?.model !== model) {
      const headers = headersFor(endpoint, authorization(endpoint));
      known = { model, url: chatUrl(endpoint, model), headers };
      destinations.set(endpoint, known);
    }
    const body = bodyOf(request, memory, maxTokensField);
    return postJson(known.url, known.headers, adapt(body, endpoint));
  };
}

function bodyOf(
  request: ChatRequest,
  memory: ProviderMemory,
  maxTokensField: string,
): Record<string, unknown> {
  const { max_tokens: maxTokens, ...parameters } = cleanParameters(request.parameters);
  const body: Record<string, unknown> = { model: request.model, messages: withoutKept(request.messages) };
  if (!memory.refusesStreamOptions) body["stream_options"] = { include_usage: true };
  if (maxTokens !== undefined) body[maxTokensField] = maxTokens;
  Object.assign(body, parameters);
  if (request.tools && request.tools.length > 0) body["tools"] = request.tools;
  body["stream"] = true;
  return body;
}

/** A 400 that names `stream_options` is about that field: ask once more without, and never send it again. */
function learnFromRefusal(status: number, body: string, memory: ProviderMemory): boolean {
  if ((status !== 400 && status !== 422) || memory.refusesStreamOptions || !body.includes("stream_options")) {
    return false;
  }
  memory.refusesStreamOptions = true;
  return true;
}
