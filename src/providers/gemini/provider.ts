import type { ChatRequest, WireRequest } from "../../core/chat/request.js";
import { Failure } from "../../core/failure.js";
import { isObject } from "../../core/json/parse.js";
import { GEMINI_TOOLS } from "../hosted/tools.js";
import type { Provider } from "../provider.js";
import type { Endpoint } from "../shared/endpoint.js";
import { readModelNames } from "../shared/model-names.js";
import { readResponseFailure } from "../shared/response-failure.js";
import { joinPath } from "../shared/url.js";
import { buildHeaders, buildPostRequest } from "../shared/wire-request.js";
import { GEMINI_PAUSES } from "./pauses.js";
import { buildGeminiBody } from "./request.js";

/** The largest page of the model list, which holds all models. */
const MAX_MODELS_PER_PAGE = 1000;

/** Google's Gemini API (ai.google.dev/api). */
export const GEMINI_PROVIDER: Provider = {
  id: "gemini",
  label: "Google Gemini",
  baseUrl: "https://generativelanguage.googleapis.com/v1beta",
  keyRequired: true,
  keyVariable: "GEMINI_API_KEY",
  // Google does not document what happens to an answer at the end of the conversation.
  prefill: false,
  hostedTools: GEMINI_TOOLS,
  pauses: GEMINI_PAUSES,
  buildChatRequest: buildChatRequest,
  buildModelsRequest: buildModelsRequest,
  readModelNames: readGeneratingModels,
  readError: readResponseFailure,
};

function buildChatRequest(request: ChatRequest, endpoint: Endpoint): WireRequest {
  const url = buildUrl(endpoint, `${buildModelPath(request.model)}:streamGenerateContent`);
  // Without it, the response is one JSON array instead of server-sent events.
  url.searchParams.set("alt", "sse");
  return buildPostRequest(url, buildGeminiHeaders(endpoint), buildGeminiBody(request));
}

function buildModelsRequest(endpoint: Endpoint): WireRequest {
  const url = buildUrl(endpoint, "models");
  url.searchParams.set("pageSize", String(MAX_MODELS_PER_PAGE));
  return { method: "GET", url, headers: buildGeminiHeaders(endpoint) };
}

/** Builds a URL below the base URL, which may lack the version or be that of Gemini's OpenAI-compatible API. */
function buildUrl(endpoint: Endpoint, path: string): URL {
  const url = new URL(endpoint.baseUrl);
  url.pathname = url.pathname.replace(/\/openai\/*$/, "");
  return joinPath(url.href, url.pathname === "/" ? `v1beta/${path}` : path);
}

/** Builds the headers with the key. Gemini takes it in the URL too, but URLs get logged on the way. */
function buildGeminiHeaders(endpoint: Endpoint): Record<string, string> {
  return buildHeaders(endpoint, endpoint.apiKey ? { "x-goog-api-key": endpoint.apiKey } : {});
}

/**
 * Builds the path of a model: `models/gemini-2.5-pro` for `gemini-2.5-pro`. A name with a collection (`models/…`,
 * `tunedModels/…`) stays as it is.
 * @throws Failure `invalid_request` for a name that would lead to another address
 */
function buildModelPath(model: string): string {
  const name = model.trim();
  if (!/^[\w.@-]+(\/[\w.@-]+)*$/.test(name) || /(^|\/)\.+(\/|$)/.test(name)) {
    throw new Failure(
      "invalid_request",
      `"${name.slice(0, 80)}" cannot be the name of a Gemini model. Choose one from the list.`,
    );
  }
  return name.includes("/") ? name : `models/${name}`;
}

/** Reads the names of the models that generate text; others embed or only count tokens. */
function readGeneratingModels(body: unknown): string[] {
  const list = isObject(body) ? body["models"] : undefined;
  const generating = Array.isArray(list) ? list.filter(isGenerating) : body;
  return readModelNames(generating).map((name) => name.replace(/^models\//, ""));
}

function isGenerating(model: unknown): boolean {
  const methods = isObject(model) ? model["supportedGenerationMethods"] : undefined;
  return !Array.isArray(methods) || methods.includes("generateContent");
}
