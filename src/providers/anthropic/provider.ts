import type { ChatRequest, WireRequest } from "../../core/chat/request.js";
import type { Provider } from "../provider.js";
import type { Endpoint } from "../shared/endpoint.js";
import { readModelNames } from "../shared/model-names.js";
import { readResponseFailure } from "../shared/response-failure.js";
import { joinPathOnce } from "../shared/url.js";
import { buildHeaders, buildPostRequest } from "../shared/wire-request.js";
import { buildAnthropicBody } from "./request.js";

/** The version of the API that this package is written for. An author's own header replaces it. */
const API_VERSION = "2023-06-01";

/** The largest page of the list of models; there are fewer. */
const MODELS = 1000;

/** Anthropic's Messages API (API reference at docs.claude.com). */
export const ANTHROPIC: Provider = {
  id: "anthropic",
  label: "Anthropic",
  baseUrl: "https://api.anthropic.com/v1",
  keyRequired: true,
  keyVariable: "ANTHROPIC_API_KEY",
  // Newer models refuse it; a question that quotes the broken answer is understood by all.
  prefill: false,
  chat,
  models,
  modelNames: readModelNames,
  failure: readResponseFailure,
};

function chat(request: ChatRequest, endpoint: Endpoint): WireRequest {
  return buildPostRequest(at(endpoint, "messages"), headersOf(endpoint), buildAnthropicBody(request));
}

function models(endpoint: Endpoint): WireRequest {
  const url = at(endpoint, "models");
  url.searchParams.set("limit", String(MODELS));
  return { method: "GET", url, headers: headersOf(endpoint) };
}

function at({ baseUrl }: Endpoint, path: string): URL {
  return joinPathOnce(baseUrl, "v1", path);
}

function headersOf(endpoint: Endpoint): Record<string, string> {
  return buildHeaders(endpoint, {
    "anthropic-version": API_VERSION,
    ...(endpoint.apiKey ? { "x-api-key": endpoint.apiKey } : {}),
  });
}
