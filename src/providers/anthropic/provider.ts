import type { ChatRequest, WireRequest } from "../../core/chat/request.js";
import { isObject } from "../../core/json/parse.js";
import { ANTHROPIC_TOOLS } from "../hosted/tools.js";
import type { Provider } from "../provider.js";
import type { Endpoint } from "../shared/endpoint.js";
import { readModelNames } from "../shared/model-names.js";
import { readResponseFailure } from "../shared/response-failure.js";
import { joinPathOnce } from "../shared/url.js";
import { buildHeaders, buildPostRequest } from "../shared/wire-request.js";
import { ANTHROPIC_NAME } from "./content-blocks.js";
import { ANTHROPIC_PAUSES } from "./pauses.js";
import { buildAnthropicBody } from "./request.js";

/** The API version that this package is written for. The author's own header replaces it. */
const API_VERSION = "2023-06-01";

const BETA_HEADER = "anthropic-beta";

/** The betas of Anthropic's own tools, by their types (SDK 1.14, `AnthropicBeta`; @ai-sdk/anthropic 4.0.105). */
const TOOL_BETAS: Readonly<Record<string, string>> = {
  advisor_20260301: "advisor-tool-2026-03-01",
  computer_20250124: "computer-use-2025-01-24",
  computer_20251124: "computer-use-2025-11-24",
  mcp_toolset: "mcp-client-2025-11-20",
  web_fetch_20250910: "web-fetch-2025-09-10",
  code_execution_20250825: "code-execution-2025-08-25",
};

/** The largest page of the model list, which holds all models. */
const MAX_MODELS_PER_PAGE = 1000;

/** Anthropic's Messages API (API reference at docs.claude.com). */
export const ANTHROPIC_PROVIDER: Provider = {
  id: "anthropic",
  label: ANTHROPIC_NAME,
  baseUrl: "https://api.anthropic.com/v1",
  keyRequired: true,
  keyVariable: "ANTHROPIC_API_KEY",
  // Newer models refuse a prefill. All understand a request that quotes the broken answer.
  prefill: false,
  hostedTools: ANTHROPIC_TOOLS,
  pauses: ANTHROPIC_PAUSES,
  buildChatRequest: buildChatRequest,
  buildModelsRequest: buildModelsRequest,
  readModelNames: readModelNames,
  readError: readResponseFailure,
};

function buildChatRequest(request: ChatRequest, endpoint: Endpoint): WireRequest {
  const headers = buildAnthropicHeaders(endpoint);
  return buildPostRequest(
    buildUrl(endpoint, "messages"),
    addBetas(headers, request.tools ?? []),
    buildAnthropicBody(request),
  );
}

/**
 * Names the betas that the request's tools need, beside those of the author. Another version of a beta in the author's own
 * header takes its place.
 */
function addBetas(headers: Record<string, string>, tools: readonly unknown[]): Record<string, string> {
  const needed = tools.flatMap((tool) => (isObject(tool) ? (TOOL_BETAS[String(tool["type"])] ?? []) : []));
  if (needed.length === 0) return headers;
  const name = Object.keys(headers).find((header) => header.toLowerCase() === BETA_HEADER) ?? BETA_HEADER;
  const own = (headers[name] ?? "").split(",").map((beta) => beta.trim());
  const isMissing = (beta: string) => !own.some((given) => trimDate(given) === trimDate(beta));
  const betas = new Set([...own, ...needed.filter(isMissing)].filter((beta) => beta !== ""));
  return { ...headers, [name]: [...betas].join(",") };
}

function trimDate(beta: string): string {
  return beta.replace(/-\d{4}-\d\d-\d\d$/, "");
}

function buildModelsRequest(endpoint: Endpoint): WireRequest {
  const url = buildUrl(endpoint, "models");
  url.searchParams.set("limit", String(MAX_MODELS_PER_PAGE));
  return { method: "GET", url, headers: buildAnthropicHeaders(endpoint) };
}

function buildUrl({ baseUrl }: Endpoint, path: string): URL {
  return joinPathOnce(baseUrl, "v1", path);
}

function buildAnthropicHeaders(endpoint: Endpoint): Record<string, string> {
  return buildHeaders(endpoint, {
    "anthropic-version": API_VERSION,
    ...(endpoint.apiKey ? { "x-api-key": endpoint.apiKey } : {}),
  });
}
