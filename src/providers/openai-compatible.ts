import type { ChatMessage } from "../core/chat/chunk.js";
import { type ChatRequest, cleanParameters, type WireRequest } from "../core/chat/request.js";
import { omitFields, removeEchoFields } from "../core/chat/vendor-echo.js";
import { isObject } from "../core/json/parse.js";
import { replaceCallIds, USUAL_CALL_ID } from "../core/tools/call-ids.js";
import { chooseForm, type FormChoice } from "./api-form.js";
import { placeReasoning, readReasoningRefusal } from "./compatible/past-reasoning.js";
import { putSchemaInPrompt, refusesSchemas } from "./compatible/schema-in-prompt.js";
import type { BackgroundProtocol, Provider, ProviderMemory, ProviderSetting } from "./provider.js";
import { createBackgroundProtocol } from "./responses/background.js";
import { learnFromResponsesRefusal, readRefusedParts } from "./responses/refusals.js";
import { buildResponsesBody } from "./responses/request.js";
import type { ResponsesService, ResponsesTraits } from "./responses/traits.js";
import type { ApiForm, Endpoint } from "./shared/endpoint.js";
import { readModelNames } from "./shared/model-names.js";
import { readResponseFailure } from "./shared/response-failure.js";
import { buildSpeechRequest } from "./shared/speech.js";
import { joinPath } from "./shared/url.js";
import { buildBearerHeader, buildHeaders, buildPostRequest } from "./shared/wire-request.js";

/**
 * What differs between services that offer OpenAI's Chat Completions. For a field without a comment, see the
 * field of the same name in `Provider`.
 */
export interface Preset
  extends Pick<FormChoice, "ownHost" | "lacksResponses">,
    Pick<Provider, "hostedTools"> {
  id: string;
  label: string;
  baseUrl?: string;
  /** What is special about its Responses API. Default: it has none. */
  responses?: ResponsesTraits;
  /** Whether Responses is its better form; default false. */
  prefersResponses?: boolean;
  /** Chooses the model of a request that names none; default: a request needs a name. */
  chooseModel?(endpoint: Endpoint): string | undefined;
  /** Chooses the name that stands for the model in Responses; default: the model's own. */
  adaptModel?(model: string, endpoint: Endpoint): string;
  /** Default: `responses` below the base URL. */
  buildResponsesUrl?(endpoint: Endpoint): URL;
  keyRequired: boolean;
  keyVariable?: string;
  /** The service's name for the limit of tokens; default `max_tokens`, which OpenAI's newer models refuse. */
  maxTokensField?: "max_tokens" | "max_completion_tokens";
  /** Whether it knows the limit under that name alone; default false, both names are sent as they are. */
  hasOneLimit?: boolean;
  /** Whether the model continues an assistant's message at the end of the conversation; default false. */
  prefill?: boolean;
  /** The form of the tool calls' ids that it takes; default: `USUAL_CALL_ID`. */
  callIds?: RegExp;
  /** The field in which it takes reasoning back. Default: where its answers have it. */
  reasoningField?: string;
  /** `false` if it takes no JSON Schema for the answer, but `json_object`. */
  schemas?: false;
  /** Whether it refuses an answer of a turn with tool calls that lacks its reasoning; default: as Kimi's models do. */
  needsReasoning?(model: string): boolean;
  /** `false` if it has no `audio/speech` below the base URL. */
  speaks?: false;
  /** Default: `SPLIT_THINKING` alone. */
  settings?: readonly ProviderSetting[];
  /** Default: `chat/completions` below the base URL. */
  buildChatUrl?(endpoint: Endpoint, model: string): URL;
  /** Default: `models` below the base URL. */
  buildModelsUrl?(endpoint: Endpoint): URL;
  /** Reads the model list; default: the names of all chat models in it. */
  readModelNames?: Provider["readModelNames"];
  balance?: Provider["balance"];
  /** Builds the headers with the key; default: a bearer token. */
  buildAuthorization?(endpoint: Endpoint): Record<string, string>;
  /**
   * Changes the body to what this service takes; default: unchanged.
   * @throws Failure `invalid_request` for anything that the service cannot take
   */
  adaptBody?(body: Record<string, unknown>, endpoint: Endpoint): Record<string, unknown>;
}

/** Separates the reasoning that a model writes into its answer between `<think>` tags; see `ThinkingSplitter`. */
export const SPLIT_THINKING: ProviderSetting = { name: "splitThinking", kind: "tick", shared: true };

/** Creates the provider of a service that offers OpenAI's Chat Completions. */
export function createOpenAiProvider(preset: Preset): Provider {
  const {
    buildAuthorization: authorization = buildBearerHeader,
    buildModelsUrl: modelsUrl = (endpoint) => joinPath(endpoint.baseUrl, "models"),
  } = preset;
  return {
    id: preset.id,
    label: preset.label,
    ...buildFormChoice(preset),
    keyRequired: preset.keyRequired,
    prefill: preset.prefill === true,
    ...(preset.responses?.hidesLimit ? { hidesLimit: true } : {}),
    ...(preset.chooseModel ? { chooseModel: preset.chooseModel } : {}),
    settings: preset.settings ?? [SPLIT_THINKING],
    ...(preset.keyVariable === undefined ? {} : { keyVariable: preset.keyVariable }),
    buildChatRequest: preset.responses
      ? createFormSwitch(preset, preset.responses)
      : createChatBuilder(preset),
    ...(preset.responses ? { background: createBackground(preset) } : {}),
    ...(preset.hostedTools ? { hostedTools: preset.hostedTools } : {}),
    ...(preset.speaks === false
      ? {}
      : { buildSpeechRequest: (request, endpoint) => buildSpeechRequest(request, endpoint) }),
    buildModelsRequest: (endpoint) => ({
      method: "GET",
      url: modelsUrl(endpoint),
      headers: buildHeaders(endpoint, authorization(endpoint)),
    }),
    readModelNames: preset.readModelNames ?? readModelNames,
    ...(preset.balance ? { balance: preset.balance } : {}),
    readError: readResponseFailure,
    learn: (status, body, memory, target) =>
      target && preset.responses && chooseForm(buildFormChoice(preset), target.endpoint) === "responses"
        ? learnFromResponsesRefusal(status, body, memory, target.model)
        : learnFromRefusal(status, body, memory),
  };
}

function buildFormChoice({
  baseUrl,
  responses,
  prefersResponses,
  ownHost,
  lacksResponses,
}: Preset): FormChoice {
  const forms: readonly ApiForm[] = prefersResponses ? ["responses", "chat"] : ["chat", "responses"];
  return {
    ...(baseUrl === undefined ? {} : { baseUrl }),
    ...(responses ? { forms } : {}),
    ...(ownHost ? { ownHost } : {}),
    ...(lacksResponses ? { lacksResponses } : {}),
  };
}

/** Creates the builder of a service with both forms. */
function createFormSwitch(preset: Preset, traits: ResponsesTraits): Provider["buildChatRequest"] {
  const choice = buildFormChoice(preset);
  const buildChat = createChatBuilder(preset);
  const buildResponses = createResponsesBuilder(preset, traits);
  return (request, endpoint, memory) => {
    if (chooseForm(choice, endpoint) === "chat") return buildChat(request, endpoint, memory);
    try {
      return buildResponses(request, endpoint, memory);
    } catch (thrown) {
      // A flow that is older than Responses may use what only Chat Completions has.
      if (endpoint.api === undefined) return buildChat(request, endpoint, memory);
      throw thrown;
    }
  };
}

function buildDefaultResponsesUrl(endpoint: Endpoint): URL {
  return joinPath(endpoint.baseUrl, "responses");
}

function createBackground(preset: Preset): BackgroundProtocol {
  const choice = buildFormChoice(preset);
  return createBackgroundProtocol(
    (endpoint) => chooseForm(choice, endpoint) === "responses",
    preset.buildResponsesUrl ?? buildDefaultResponsesUrl,
    preset.buildAuthorization ?? buildBearerHeader,
  );
}

function createResponsesBuilder(preset: Preset, traits: ResponsesTraits): Provider["buildChatRequest"] {
  const {
    buildAuthorization: authorization = buildBearerHeader,
    buildResponsesUrl: responsesUrl = buildDefaultResponsesUrl,
    adaptModel = (model) => model,
  } = preset;
  const service: ResponsesService = { ...traits, name: `The Responses API of ${preset.label}` };
  return (request, endpoint, memory) => {
    const model = adaptModel(request.model, endpoint);
    const body = buildResponsesBody({ ...request, model }, service, readRefusedParts(memory, request.model));
    return buildPostRequest(responsesUrl(endpoint), buildHeaders(endpoint, authorization(endpoint)), body);
  };
}

function createChatBuilder(preset: Preset): Provider["buildChatRequest"] {
  const {
    adaptBody: adapt = (body) => body,
    buildAuthorization: authorization = buildBearerHeader,
    maxTokensField = "max_tokens",
    hasOneLimit = false,
    callIds = USUAL_CALL_ID,
    needsReasoning = isKimi,
  } = preset;
  const chatUrl = preset.buildChatUrl ?? ((endpoint) => joinPath(endpoint.baseUrl, "chat/completions"));
  // Most requests of an endpoint share URL and headers. Building them is a fifth of the work before a request leaves.
  const targets = new WeakMap<Endpoint, { model: string; url: URL; headers: Record<string, string> }>();
  return (request: ChatRequest, endpoint: Endpoint, memory: ProviderMemory): WireRequest => {
    const { model } = request;
    let target = targets.get(endpoint);
    if (target?.model !== model) {
      const headers = buildHeaders(endpoint, authorization(endpoint));
      target = { model, url: chatUrl(endpoint, model), headers };
      targets.set(endpoint, target);
    }
    const past = removeEchoFields(request.messages);
    const messages = placeReasoning(preset.prefersResponses ? past.map(removeReasoningDetails) : past, {
      place: preset.reasoningField ?? memory.reasoningPlace,
      refuses: memory.refusesReasoning,
      needsField: memory.needsReasoning || needsReasoning(model),
    });
    const body = buildBody({ ...request, messages: replaceCallIds(messages, callIds) }, memory, {
      maxTokensField,
      hasOneLimit,
    });
    const lacksSchemas = preset.schemas === false || memory.refusesSchemas === true;
    return buildPostRequest(
      target.url,
      target.headers,
      adapt(lacksSchemas ? putSchemaInPrompt(body) : body, endpoint),
    );
  };
}

/** Removes reasoning that came from Responses: the service takes none back in Chat Completions. */
function removeReasoningDetails(message: ChatMessage): ChatMessage {
  return "reasoning_details" in message ? omitFields(message, ["reasoning_details"]) : message;
}

function buildBody(
  request: ChatRequest,
  memory: ProviderMemory,
  { maxTokensField, hasOneLimit }: Required<Pick<Preset, "maxTokensField" | "hasOneLimit">>,
): Record<string, unknown> {
  const { max_tokens: maxTokens, stream_options: authorOptions, ...parameters } = cleanParameters(request);
  const body: Record<string, unknown> = {
    model: request.model,
    messages: request.messages,
  };
  const usage = memory.refusesStreamOptions ? undefined : { include_usage: true };
  // An author who sets another stream option still gets the usage.
  const streamOptions = isObject(authorOptions) ? { ...usage, ...authorOptions } : (authorOptions ?? usage);
  if (streamOptions !== undefined) body["stream_options"] = streamOptions;
  if (maxTokens !== undefined) body[maxTokensField] = maxTokens;
  Object.assign(body, parameters);
  if (hasOneLimit && parameters["max_completion_tokens"] !== undefined) {
    delete body["max_completion_tokens"];
    body[maxTokensField] = parameters["max_completion_tokens"];
  }
  if (request.tools && request.tools.length > 0) body["tools"] = request.tools;
  body["stream"] = true;
  return body;
}

/** Matches the field's name, unless the refusal only quotes the request (FastAPI's `input`). */
const ABOUT_STREAM_OPTIONS = /stream_options(?!\W{0,40}\{\W{0,40}include_)/;

/** Kimi's models, from K2 Thinking on, refuse an answer with tool calls that lacks the field `reasoning_content`. */
function isKimi(model: string): boolean {
  return /kimi/i.test(model);
}

/** Learns from a refusal of `stream_options`, a JSON Schema or reasoning. The request is then sent again in another form. */
function learnFromRefusal(status: number, body: string, memory: ProviderMemory): ProviderMemory | undefined {
  if (status !== 400 && status !== 422) return undefined;
  if (!memory.refusesStreamOptions && ABOUT_STREAM_OPTIONS.test(body)) return { refusesStreamOptions: true };
  if (!memory.refusesSchemas && refusesSchemas(body)) return { refusesSchemas: true };
  const demand = readReasoningRefusal(body);
  if (demand === "refuses" && !memory.refusesReasoning) return { refusesReasoning: true };
  return demand === "needs" && !memory.needsReasoning ? { needsReasoning: true } : undefined;
}
