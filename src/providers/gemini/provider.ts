import type { ChatRequest, WireRequest } from "../../core/chat/request.js";
import { Failure } from "../../core/failure.js";
import { isObject } from "../../core/json/parse.js";
import type { Provider } from "../provider.js";
import type { Endpoint } from "../shared/endpoint.js";
import { readModelNames } from "../shared/model-names.js";
import { readResponseFailure } from "../shared/response-failure.js";
import { joinPath } from "../shared/url.js";
import { buildHeaders, buildPostRequest } from "../shared/wire-request.js";
import { buildGeminiBody } from "./request.js";

/** The largest page of the list of models; there are fewer. */
const MODELS = 1000;

/** Google's Gemini API (ai.google.dev/api). */
export const GEMINI: Provider = {
  id: "gemini",
  label: "Google Gemini",
  baseUrl: "https://generativelanguage.googleapis.com/v1beta",
  keyRequired: true,
  keyVariable: "GEMINI_API_KEY",
  // What becomes of an answer that stands last is documented nowhere.
  prefill: false,
  chat,
  models,
  modelNames: generatingModels,
  failure: readResponseFailure,
};

function chat(request: ChatRequest, endpoint: Endpoint): WireRequest {
  const url = at(endpoint, `${pathOf(request.model)}:streamGenerateContent`);
  // Without it the service streams an array.
  url.searchParams.set("alt", "sse");
  return buildPostRequest(url, headersOf(endpoint), buildGeminiBody(request));
}

function models(endpoint: Endpoint): WireRequest {
  const url = at(endpoint, "models");
  url.searchParams.set("pageSize", String(MODELS));
  return { method: "GET", url, headers: headersOf(endpoint) };
}

/** The version may be left out, and the address of the service's imitation of OpenAI's API is taken for its own. */
function at(endpoint: Endpoint, path: string): URL {
  const url = new URL(endpoint.baseUrl);
  url.pathname = url.pathname.replace(/\/openai\/*$/, "");
  return joinPath(url.href, url.pathname === "/" ? `v1beta/${path}` : path);
}

/** Never in the address, where the service takes it too: addresses are logged on the way. */
function headersOf(endpoint: Endpoint): Record<string, string> {
  return buildHeaders(endpoint, endpoint.apiKey ? { "x-goog-api-key": endpoint.apiKey } : {});
}

/** `models/gemini-2.5-pro` for that and for `gemini-2.5-pro`; other collections (`tunedModels/…`) as they are. */
function pathOf(model: string): string {
  const name = model.trim();
  if (!/^[\w.@-]+(\/[\w.@-]+)*$/.test(name) || /(^|\/)\.+(\/|$)/.test(name)) {
    throw new Failure(
      "invalid_request",
      `"${name.slice(0, 80)}" cannot be the name of a model of Gemini's. Choose one from the list.`,
    );
  }
  return name.includes("/") ? name : `models/${name}`;
}

/** Those that write an answer; others embed or count. */
function generatingModels(body: unknown): string[] {
  const list = isObject(body) ? body["models"] : undefined;
  const generating = Array.isArray(list) ? list.filter(generates) : body;
  return readModelNames(generating).map((name) => name.replace(/^models\//, ""));
}

function generates(model: unknown): boolean {
  const methods = isObject(model) ? model["supportedGenerationMethods"] : undefined;
  return !Array.isArray(methods) || methods.includes("generateContent");
}
