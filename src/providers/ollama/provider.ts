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

/** Ollama's own API (docs.ollama.com/api), which has more options and details than its OpenAI-compatible one. */
export const OLLAMA_PROVIDER: Provider = {
  id: "ollama",
  label: OLLAMA_NAME,
  baseUrl: "http://127.0.0.1:11434",
  keyRequired: false,
  prefill: true,
  settings: [{ name: "keepAlive", kind: "text" }, { name: "contextLength", kind: "number" }, SPLIT_THINKING],
  buildChatRequest: buildChatRequest,
  buildModelsRequest: (endpoint) =>
    buildGetRequest(endpoint, joinPath(trimOllamaUrl(endpoint.baseUrl), "api/tags")),
  readModelNames: readModelNames,
  readError: readResponseFailure,
};

function buildChatRequest(request: ChatRequest, endpoint: Endpoint): WireRequest {
  return buildPostRequest(
    joinPath(trimOllamaUrl(endpoint.baseUrl), "api/chat"),
    buildHeaders(endpoint, buildBearerHeader(endpoint)),
    buildOllamaBody(request, endpoint.settings),
    "application/x-ndjson",
  );
}

/**
 * Cuts the path of an API (`/api`, `/v1`) off the base URL.
 * @throws Failure `configuration` for the URL of one operation
 */
function trimOllamaUrl(baseUrl: string): string {
  const url = new URL(baseUrl);
  if (/\/api\/(chat|generate|tags)\/*$/.test(url.pathname)) {
    throw new Failure(
      "configuration",
      `The base URL of ${OLLAMA_NAME} ends in the path of an operation. Enter only the address of the server.`,
    );
  }
  url.pathname = url.pathname.replace(/\/(api|v1)\/*$/, "");
  return url.href;
}
