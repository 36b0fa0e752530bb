import type { ChatRequest, WireRequest } from "../../core/chat/request.js";
import { Failure } from "../../core/failure.js";
import { SPLIT_THINKING } from "../openai-compatible.js";
import type { Provider } from "../provider.js";
import type { Endpoint } from "../shared/endpoint.js";
import { readModelNames } from "../shared/model-names.js";
import { readResponseFailure } from "../shared/response-failure.js";
import { joinPath } from "../shared/url.js";
import {
  buildBearerHeader,
  buildGetRequest,
  buildHeaders,
  buildPostRequest,
} from "../shared/wire-request.js";
import { OLLAMA_NAME } from "./messages.js";
import { buildOllamaBody } from "./request.js";

/** Ollama's own API (docs.ollama.com/api), which tells and takes more than its imitation of OpenAI's. */
export const OLLAMA: Provider = {
  id: "ollama",
  label: "Ollama",
  baseUrl: "http://127.0.0.1:11434",
  keyRequired: false,
  prefill: true,
  settings: [{ name: "keepAlive", kind: "text" }, { name: "contextLength", kind: "number" }, SPLIT_THINKING],
  chat,
  models: (endpoint) => buildGetRequest(endpoint, joinPath(trimOllamaUrl(endpoint.baseUrl), "api/tags")),
  modelNames: readModelNames,
  failure: readResponseFailure,
};

function chat(request: ChatRequest, endpoint: Endpoint): WireRequest {
  return buildPostRequest(
    joinPath(trimOllamaUrl(endpoint.baseUrl), "api/chat"),
    buildHeaders(endpoint, buildBearerHeader(endpoint)),
    buildOllamaBody(request, endpoint.settings),
    "application/x-ndjson",
  );
}

/** @throws Failure `configuration` for an address that belongs to another part of the service */
export function trimOllamaUrl(baseUrl: string): string {
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
