import type { ChatMessage } from "../core/chat/chunk.js";
import { type Headers, readHeader } from "../core/errors/retry-hint.js";
import { Failure } from "../core/failure.js";
import { isObject } from "../core/json/parse.js";
import { createOpenAiProvider, SPLIT_THINKING } from "./openai-compatible.js";
import type { Capability, Provider, ProviderSetting } from "./provider.js";
import type { Endpoint } from "./shared/endpoint.js";
import { omitNulls } from "./shared/parameters.js";
import { buildSpeechRequest } from "./shared/speech.js";
import { type AssistantSchema, restrictAssistantMessage } from "./shared/strict-messages.js";
import { joinPath } from "./shared/url.js";
import { buildGetRequest } from "./shared/wire-request.js";

/** Venice's own request fields (API reference, `venice_parameters`), each with the value that the service takes itself. */
const PARAMETERS: readonly ProviderSetting[] = [
  { name: "enable_web_search", kind: "choice", choices: ["", "auto", "on", "off"] },
  { name: "enable_web_citations", kind: "tick" },
  { name: "enable_web_scraping", kind: "tick" },
  { name: "enable_x_search", kind: "tick" },
  { name: "include_search_results_in_stream", kind: "tick" },
  { name: "return_search_results_as_documents", kind: "tick" },
  { name: "character_slug", kind: "text" },
  { name: "include_venice_system_prompt", kind: "tick", value: true },
  { name: "strip_thinking_response", kind: "tick" },
  { name: "disable_thinking", kind: "tick" },
];

/** What an assistant's message may hold: every body is checked strictly, and the last three want to be echoed. */
const ASSISTANT: AssistantSchema = {
  fields: new Set([
    "content",
    "name",
    "tool_calls",
    "reasoning_content",
    "reasoning_details",
    "thought_signature",
  ]),
};

/** Beyond its budget of failed requests a key is blocked for so long; the header is told only then. */
const BLOCK = 30_000;

const BASE = createOpenAiProvider({
  id: "venice",
  label: "Venice",
  baseUrl: "https://api.venice.ai/api/v1",
  keyRequired: true,
  keyVariable: "VENICE_API_KEY",
  maxTokensField: "max_completion_tokens",
  settings: [...PARAMETERS, SPLIT_THINKING],
  buildModelsUrl: (endpoint) => {
    const url = joinPath(endpoint.baseUrl, "models");
    url.searchParams.set("type", "text");
    return url;
  },
  adaptBody: adapt,
});

/** Venice.ai. Names of models are the author's: they may be traits, and may have features behind a colon. */
export const VENICE: Provider = {
  ...BASE,
  // Without it the service makes the whole sound before it sends any.
  speech: ({ parameters, ...request }, endpoint) =>
    buildSpeechRequest({ ...request, parameters: { streaming: true, ...parameters } }, endpoint),
  capabilities,
  notice,
  balance: {
    // The account's own address is for keys of administrators.
    request: (endpoint) => buildGetRequest(endpoint, joinPath(endpoint.baseUrl, "api_keys/rate_limits")),
    read: balanceIn,
  },
  failure: (status, headers, body, now) => {
    const said = BASE.failure(status, headers, body, now);
    // A key that may only ask models is a good one.
    const good = said.code === "authentication" && /\badmin/i.test(said.message);
    return good ? new Failure("permission", said.message, said.toJSON()) : blocked(said, headers);
  },
};

function adapt(body: Record<string, unknown>, endpoint: Endpoint): Record<string, unknown> {
  const parameters = parametersFrom(endpoint.settings ?? {});
  const own = body["venice_parameters"];
  if (own !== undefined && !isObject(own)) {
    throw new Failure("invalid_request", "The request field venice_parameters is not an object.");
  }
  Object.assign(parameters, own);
  const adapted: Record<string, unknown> = {
    ...body,
    messages: (body["messages"] as readonly ChatMessage[]).map(strictMessage),
  };
  if (Array.isArray(body["tools"])) adapted["tools"] = body["tools"].map(strictTool);
  delete adapted["venice_parameters"];
  const given = omitNulls(parameters);
  if (Object.keys(given).length > 0) adapted["venice_parameters"] = given;
  return adapted;
}

/** What differs from what the service does by itself; the rest is left to it. */
function parametersFrom(settings: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const changed = PARAMETERS.filter(({ name, kind, value }) => {
    const given = settings[name];
    return given !== undefined && given !== (value ?? (kind === "tick" ? false : ""));
  });
  return Object.fromEntries(changed.map(({ name }) => [name, settings[name]]));
}

/** A null is refused, but for the content of a message that only calls tools. */
function strictMessage(message: ChatMessage): ChatMessage {
  const given = withoutNestedNulls(message) as ChatMessage;
  if (given.role !== "assistant") return given;
  const { tool_calls: calls, content, ...kept } = restrictAssistantMessage(given, ASSISTANT);
  const called = Array.isArray(calls) && calls.length > 0;
  return { ...kept, content: content ?? (called ? null : ""), ...(called ? { tool_calls: calls } : {}) };
}

/** A schema may hold a null that means something; around it none does. */
function strictTool(tool: unknown): unknown {
  if (!isObject(tool)) return tool;
  const { function: described } = tool;
  return omitNulls({ ...tool, function: isObject(described) ? omitNulls(described) : described });
}

function withoutNestedNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.filter((entry) => entry !== null).map(withoutNestedNulls);
  if (!isObject(value)) return value;
  const fields = Object.entries(omitNulls(value));
  return Object.fromEntries(fields.map(([name, field]) => [name, withoutNestedNulls(field)]));
}

/** An error budget that is spent has a header of its own, in the plural; asking before the block ends prolongs it. */
function blocked(failure: Failure, headers: Headers): Failure {
  if (failure.code === "rate_limit" && readHeader(headers, "x-ratelimit-resets") !== undefined) {
    failure.retryAfterMs = Math.max(failure.retryAfterMs ?? 0, BLOCK);
  }
  return failure;
}

function notice(headers: Headers): string | undefined {
  const warning = readHeader(headers, "x-venice-model-deprecation-warning");
  const date = readHeader(headers, "x-venice-model-deprecation-date");
  if (!warning && !date) return undefined;
  const model = readHeader(headers, "x-venice-model-id");
  const what = warning ?? `The model ${model ?? ""} will be taken away.`;
  return `Venice: ${what.slice(0, 300)}${date ? ` (${date.slice(0, 40)})` : ""}`;
}

/** Which of a model's `model_spec` says what; names that are not known here are passed over. */
const CAPABILITIES: readonly (readonly [string, Capability])[] = [
  ["supportsVision", "vision"],
  ["supportsFunctionCalling", "tools"],
  ["supportsReasoning", "reasoning"],
  ["supportsWebSearch", "webSearch"],
];

function capabilities(body: unknown): Record<string, Capability[]> {
  const list = isObject(body) && Array.isArray(body["data"]) ? body["data"] : [];
  const known = list.flatMap((model: unknown): [string, Capability[]][] => {
    if (!isObject(model) || typeof model["id"] !== "string" || !isObject(model["model_spec"])) return [];
    const spec = model["model_spec"];
    const can = isObject(spec["capabilities"]) ? spec["capabilities"] : {};
    const told = CAPABILITIES.filter(([field]) => can[field] === true).map(([, name]) => name);
    if (spec["offline"] === true) told.push("offline");
    if (isObject(spec["deprecation"]) && Object.keys(spec["deprecation"]).length > 0) told.push("deprecated");
    return told.length > 0 ? [[model["id"], told]] : [];
  });
  return Object.fromEntries(known);
}

function balanceIn(body: unknown): string | undefined {
  const data = isObject(body) && isObject(body["data"]) ? body["data"] : body;
  const balances = isObject(data) && isObject(data["balances"]) ? data["balances"] : {};
  const amounts = Object.entries(balances)
    .filter((entry): entry is [string, number | string] => ["number", "string"].includes(typeof entry[1]))
    .filter(([, amount]) => Number.isFinite(Number(amount)))
    .map(([unit, amount]) => `${Number(Number(amount).toFixed(2))} ${unit.toUpperCase().slice(0, 12)}`);
  return amounts.length > 0 ? amounts.join(", ") : undefined;
}
