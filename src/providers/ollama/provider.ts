import type { ChatRequest, WireRequest } from "../../core/chat/request.js";
import { Failure } from "../../core/failure.js";
import { SPLIT_THINKING } from "../openai-compatible.js";
import type { Provider } from "../provider.js";
import type { Endpoint } from "../shared/endpoint.js";
import { modelNames } from "../shared/model-names.js";
import { responseFailure } from "../shared/response-failure.js";
import { joinPath } from "../shared/url.js";
import { bearer, getRequest, headersFor, postJson } from "../shared/wire-request.js";
import { OLLAMA_NAME } from "./messages.js";
import { ollamaBody } from "./request.js";

/** Ollama's own API (docs.ollama.com/api), which tells and takes more than its imitation of OpenAI's. */
export const OLLAMA: Provider = {
  id: "ollama",
  label: "Ollama",
  baseUrl: "http://127.0.0.1:11434",
  keyRequired: false,
  prefill: true,
  settings: [{ name: "keepAlive", kind: "text" }, { name: "contextLength", kind: "number" }, SPLIT_THINKING],
  chat,
  models: (endpoint) => getRequest(endpoint, joinPath(ollamaBase(endpoint.baseUrl), "api/tags")),
  modelNames,
  failure: responseFailure,
};

function chat(request: ChatRequest, endpoint: Endpoint): WireRequest {
  return postJson(
    joinPath(ollamaBase(endpoint.baseUrl), "api/chat"),
    headersFor(endpoint, bearer(endpoint)),
    ollamaBody(request, endpoint.settings),
    "application/x-ndjson",
  );
}

/** @throws Failure `configuration` for an address that belongs to another part of the service */
export function ollamaBase(baseUrl: string): string {
  const url = new URL(baseUrl);
  if (/\/api\/(chat|generate|tags)\/*$/.test(url.pathname)) {
    throw new Failure(
      "configuration",
      `The base URL ends in a path of ${OLLAMA_NAME}'s: it is only the address of the server.`,
    );
  }
  url.pathname = url.pathname.replace(/\/(api|v1)\/*$/, "");
  return url.href;
}
