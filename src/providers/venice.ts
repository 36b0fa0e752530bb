import type { ChatMessage } from "../core/chat/chunk.js";
import { toExcerpt } from "../core/errors/error-body.js";
import { Failure } from "../core/failure.js";
import { type Headers, readHeader } from "../core/headers.js";
import { isObject } from "../core/json/parse.js";
import { createOpenAiProvider, SPLIT_THINKING } from "./openai-compatible.js";
import type { Capability, Provider, ProviderSetting } from "./provider.js";
import type { Endpoint } from "./shared/endpoint.js";
import { omitNulls } from "./shared/parameters.js";
import { buildSpeechRequest } from "./shared/speech.js";
import { type AssistantSchema, restrictAssistantMessage } from "./shared/strict-messages.js";
import { joinPath } from "./shared/url.js";
import { buildGetRequest } from "./shared/wire-request.js";

/** Venice's own request fields (API reference, `venice_parameters`), each with Venice's default as its value. */
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

/** The assistant's message: Venice refuses unknown fields, and wants the last three back as it sent them. */
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

/** How long Venice blocks a key that has sent too many failing requests. */
const BLOCK_MS = 30_000;

/** Longest warning and date that are shown. */
const MAX_NOTICE_CHARS = 300;
const MAX_DATE_CHARS = 40;

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
  adaptBody,
});

/** Venice.ai. A model's name is sent as it is: it may be a trait, or have feature flags after a colon. */
export const VENICE_PROVIDER: Provider = {
  ...BASE,
  // A trait, for which Venice keeps a model.
  chooseModel: () => "default",
  // Without `streaming`, Venice sends nothing before the whole audio is finished.
  refusalRule: { refusals: 20, windowMs: BLOCK_MS },
  buildSpeechRequest: ({ parameters, ...request }, endpoint) =>
    buildSpeechRequest({ ...request, parameters: { streaming: true, ...parameters } }, endpoint),
  readCapabilities: readCapabilities,
  readNotice: readNotice,
  balance: {
    // The endpoint of the account itself needs an administrator's key.
    request: (endpoint) => buildGetRequest(endpoint, joinPath(endpoint.baseUrl, "api_keys/rate_limits")),
    read: readVeniceBalance,
  },
  readError: (status, headers, body, now) => {
    const failure = BASE.readError(status, headers, body, now);
    // The key is valid for models, but the endpoint needs an administrator's key.
    const isValidKey = failure.code === "authentication" && /\badmin/i.test(failure.message);
    if (isValidKey) return new Failure("permission", failure.message, failure.toJSON());
    return extendBlockedWait(failure, headers);
  },
};

function adaptBody(body: Record<string, unknown>, endpoint: Endpoint): Record<string, unknown> {
  const parameters = pickChangedSettings(endpoint.settings ?? {});
  const fromRequest = body["venice_parameters"];
  if (fromRequest !== undefined && !isObject(fromRequest)) {
    throw new Failure(
      "invalid_request",
      "The request field venice_parameters is not an object. Give it an object.",
    );
  }
  Object.assign(parameters, fromRequest);
  const adapted: Record<string, unknown> = {
    ...body,
    messages: (body["messages"] as readonly ChatMessage[]).map(toStrictMessage),
  };
  if (Array.isArray(body["tools"])) adapted["tools"] = body["tools"].map(toStrictTool);
  delete adapted["venice_parameters"];
  const veniceParameters = omitNulls(parameters);
  if (Object.keys(veniceParameters).length > 0) adapted["venice_parameters"] = veniceParameters;
  return adapted;
}

/** Picks the settings that differ from Venice's defaults. */
function pickChangedSettings(settings: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const changed = PARAMETERS.filter(({ name, kind, value }) => {
    const setting = settings[name];
    return setting !== undefined && setting !== (value ?? (kind === "tick" ? false : ""));
  });
  return Object.fromEntries(changed.map(({ name }) => [name, settings[name]]));
}

/** Restricts a message to what Venice takes. It refuses null, except as the content of a message with tool calls. */
function toStrictMessage(message: ChatMessage): ChatMessage {
  const cleaned = omitNestedNulls(message) as ChatMessage;
  if (cleaned.role !== "assistant") return cleaned;
  const { tool_calls: calls, content, ...rest } = restrictAssistantMessage(cleaned, ASSISTANT);
  const hasCalls = Array.isArray(calls) && calls.length > 0;
  return { ...rest, content: content ?? (hasCalls ? null : ""), ...(hasCalls ? { tool_calls: calls } : {}) };
}

/** Drops nulls from a tool, but not from its JSON Schema, where a null has a meaning. */
function toStrictTool(tool: unknown): unknown {
  if (!isObject(tool)) return tool;
  const { function: definition } = tool;
  return omitNulls({ ...tool, function: isObject(definition) ? omitNulls(definition) : definition });
}

function omitNestedNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.filter((entry) => entry !== null).map(omitNestedNulls);
  if (!isObject(value)) return value;
  const fields = Object.entries(omitNulls(value));
  return Object.fromEntries(fields.map(([name, field]) => [name, omitNestedNulls(field)]));
}

/** Extends the wait if the key is blocked, which only the header `x-ratelimit-resets` shows. Requests prolong a block. */
function extendBlockedWait(failure: Failure, headers: Headers): Failure {
  if (failure.code === "rate_limit" && readHeader(headers, "x-ratelimit-resets") !== undefined) {
    failure.retryAfterMs = Math.max(failure.retryAfterMs ?? 0, BLOCK_MS);
  }
  return failure;
}

/** Reads the warning that the model will be removed. */
function readNotice(headers: Headers): string | undefined {
  const warning = readHeader(headers, "x-venice-model-deprecation-warning");
  const date = readHeader(headers, "x-venice-model-deprecation-date");
  if (!warning && !date) return undefined;
  const model = readHeader(headers, "x-venice-model-id");
  const text = warning ?? `The model ${model ?? ""} will be removed. Choose another one.`;
  return `Venice: ${toExcerpt(text, MAX_NOTICE_CHARS)}${date ? ` (${toExcerpt(date, MAX_DATE_CHARS)})` : ""}`;
}

/** Capabilities by their fields in `model_spec.capabilities`. Other fields are ignored. */
const CAPABILITIES: readonly (readonly [string, Capability])[] = [
  ["supportsVision", "vision"],
  ["supportsFunctionCalling", "tools"],
  ["supportsReasoning", "reasoning"],
  ["supportsWebSearch", "webSearch"],
];

function readCapabilities(body: unknown): Record<string, Capability[]> {
  const list = isObject(body) && Array.isArray(body["data"]) ? body["data"] : [];
  const entries = list.flatMap((model: unknown): [string, Capability[]][] => {
    if (!isObject(model) || typeof model["id"] !== "string" || !isObject(model["model_spec"])) return [];
    const spec = model["model_spec"];
    const fields = isObject(spec["capabilities"]) ? spec["capabilities"] : {};
    const capabilities = CAPABILITIES.filter(([field]) => fields[field] === true).map(([, name]) => name);
    if (spec["offline"] === true) capabilities.push("offline");
    if (isObject(spec["deprecation"]) && Object.keys(spec["deprecation"]).length > 0) {
      capabilities.push("deprecated");
    }
    return capabilities.length > 0 ? [[model["id"], capabilities]] : [];
  });
  return Object.fromEntries(entries);
}

/** Reads amounts such as `3.2 USD, 10 DIEM`. */
function readVeniceBalance(body: unknown): string | undefined {
  const data = isObject(body) && isObject(body["data"]) ? body["data"] : body;
  const balances = isObject(data) && isObject(data["balances"]) ? data["balances"] : {};
  const amounts = Object.entries(balances)
    .filter((entry): entry is [string, number | string] => ["number", "string"].includes(typeof entry[1]))
    .filter(([, amount]) => Number.isFinite(Number(amount)))
    .map(([unit, amount]) => `${Number(Number(amount).toFixed(2))} ${unit.toUpperCase().slice(0, 12)}`);
  return amounts.length > 0 ? amounts.join(", ") : undefined;
}
