import { classify, isRetryable } from "../core/classify.js";
import { errorClues, excerpt } from "../core/error-body.js";
import { Failure, type FailureCode, type FailureDetails } from "../core/failure.js";
import { isObject, tryParseJson } from "../core/json.js";
import { type ChatRequest, cleanParameters, type WireRequest } from "../core/request.js";
import { type Headers, header, retryHint, shouldRetry } from "../core/retry-hint.js";
import type { Endpoint, Provider, ProviderMemory } from "./provider.js";

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
}

/** Where a service says which request it was, most usual first. */
const REQUEST_ID_HEADERS = ["x-request-id", "request-id", "cf-ray"];

/** What an author can do about each kind of refusal. */
const ADVICE: Readonly<Partial<Record<FailureCode, string>>> = {
  authentication: "Check the API key in the provider.",
  permission: "The key is valid but may not do this: check its rights and the model.",
  not_found: "Check the model's name and the provider's base URL.",
  insufficient_credits: "Check the balance and the plan of the account.",
  rate_limit: "Ask less often, or put a retry node behind chat-stream.",
  overloaded: "Try again in a while, or put a retry node behind chat-stream.",
  context_length: "Shorten the conversation or choose a model with a larger context.",
};

/** Makes the provider of a service that speaks OpenAI's Chat Completions. */
export function openAiCompatible(preset: Preset): Provider {
  const maxTokensField = preset.maxTokensField ?? "max_tokens";
  return {
    id: preset.id,
    label: preset.label,
    keyRequired: preset.keyRequired,
    prefill: preset.prefill === true,
    ...(preset.baseUrl === undefined ? {} : { baseUrl: preset.baseUrl }),
    ...(preset.keyVariable === undefined ? {} : { keyVariable: preset.keyVariable }),
    chat: (request, endpoint, memory) => chatRequest(request, endpoint, memory, maxTokensField),
    models: (endpoint) => ({
      method: "GET",
      url: under(endpoint.baseUrl, "models"),
      headers: headersFor(endpoint),
    }),
    modelNames,
    failure: responseFailure,
    learn: learnFromRefusal,
  };
}

function chatRequest(
  request: ChatRequest,
  endpoint: Endpoint,
  memory: ProviderMemory,
  maxTokensField: string,
): WireRequest {
  const { max_tokens: maxTokens, ...parameters } = cleanParameters(request.parameters);
  const body: Record<string, unknown> = { model: request.model, messages: request.messages };
  if (!memory.refusesStreamOptions) body["stream_options"] = { include_usage: true };
  if (maxTokens !== undefined) body[maxTokensField] = maxTokens;
  Object.assign(body, parameters);
  if (request.tools && request.tools.length > 0) body["tools"] = request.tools;
  body["stream"] = true;
  return {
    method: "POST",
    url: under(endpoint.baseUrl, "chat/completions"),
    headers: { ...headersFor(endpoint), "content-type": "application/json", accept: "text/event-stream" },
    body: JSON.stringify(body),
  };
}

/** Identity encoding: a compressed stream is held back until a block is full, and may be a bomb. */
function headersFor(endpoint: Endpoint): Record<string, string> {
  return {
    accept: "application/json",
    "accept-encoding": "identity",
    ...(endpoint.apiKey ? { authorization: `Bearer ${endpoint.apiKey}` } : {}),
    // In lower case, so that an author's `Authorization` replaces ours instead of going beside it.
    ...Object.fromEntries(
      Object.entries(endpoint.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]),
    ),
  };
}

function under(baseUrl: string, path: string): URL {
  const url = new URL(baseUrl);
  url.pathname = `${url.pathname.replace(/\/+$/, "")}/${path}`;
  return url;
}

function modelNames(body: unknown): string[] {
  const list = isObject(body) ? (body["data"] ?? body["models"]) : body;
  if (!Array.isArray(list)) {
    throw new Failure(
      "bad_response",
      "The service's list of models is not in a known form. Check the base URL.",
    );
  }
  return list
    .map((entry) => (isObject(entry) ? (entry["id"] ?? entry["name"]) : entry))
    .filter((name): name is string => typeof name === "string");
}

function responseFailure(status: number, headers: Headers, body: string, now: number): Failure {
  const parsed = tryParseJson(body);
  const said = errorClues(parsed);
  const message = said?.message || (parsed === undefined ? excerpt(withoutMarkup(body)) : excerpt(body));
  const code = classify({ ...said, status, message });
  const details: FailureDetails = {
    status,
    retryable: shouldRetry(headers) ?? isRetryable(code, status),
    phase: "headers",
  };
  const wait = retryHint(headers, parsed, message, now);
  if (wait !== undefined) details.retryAfterMs = Math.round(wait);
  const requestId = REQUEST_ID_HEADERS.map((name) => header(headers, name)).find(Boolean);
  if (requestId) details.requestId = requestId.slice(0, 200);
  const advice = ADVICE[code];
  return new Failure(
    code,
    `The service answered ${status}${message ? `: ${message}` : ""}${advice ? ` — ${advice}` : ""}`,
    details,
  );
}

function withoutMarkup(body: string): string {
  return body
    .slice(0, 8_192)
    .replace(/<(style|script)[\s\S]*?<\/\1>/gi, " ")
    .replace(/<[^>]*>/g, " ");
}

/** A 400 that names `stream_options` is about that field: ask once more without, and never send it again. */
function learnFromRefusal(status: number, body: string, memory: ProviderMemory): boolean {
  if ((status !== 400 && status !== 422) || memory.refusesStreamOptions || !body.includes("stream_options")) {
    return false;
  }
  memory.refusesStreamOptions = true;
  return true;
}
