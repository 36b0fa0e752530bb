import { type ChatRequest, cleanParameters } from "../../core/chat/request.js";
import { isObject } from "../../core/json/parse.js";
import { replaceCallIds, USUAL_CALL_ID } from "../../core/tools/call-ids.js";
import type { OptionalField } from "../provider.js";
import {
  COMMON_ADVICE,
  nestFields,
  omitUndefined,
  type ParameterRules,
  requireObject,
  selectParameters,
} from "../shared/parameters.js";
import { readResponseFormat } from "../shared/response-format.js";
import { buildInput } from "./input.js";
import { buildResponsesToolChoice, buildResponsesTools } from "./tools.js";
import { type ResponsesService, USE_CHAT_ADVICE } from "./traits.js";

/** What earlier refusals have shown about the model of a request. */
export interface RefusedParts {
  /** Fields that the model refuses. */
  fields: readonly OptionalField[];
  /** Whether the service cannot read the reasoning in the conversation. */
  dropsReasoning: boolean;
}

const ENCRYPTED_REASONING = "reasoning.encrypted_content";
const LOGPROBS = "message.output_text.logprobs";

/** Name of a JSON Schema without one: OpenAI requires a name. */
const DEFAULT_SCHEMA_NAME = "answer";

/** Models of OpenAI that do not reason. They refuse a request for encrypted reasoning. */
const NEVER_REASONS = /^(?:gpt-[34]|chatgpt)|-chat(?:-|$)/;

const isZero = (value: unknown) => value === 0;
const never = () => false;
const isEmpty = (value: unknown) =>
  Array.isArray(value) ? value.length === 0 : isObject(value) && Object.keys(value).length === 0;

/** Parameters of Chat Completions without a counterpart, each with a test for a value without effect. */
const IGNORABLE: ParameterRules["ignorable"] = {
  n: (value) => value === 1,
  stop: isEmpty,
  seed: never,
  logit_bias: isEmpty,
  frequency_penalty: isZero,
  presence_penalty: isZero,
  prediction: never,
  modalities: (value) => Array.isArray(value) && value.every((modality) => modality === "text"),
  audio: never,
  functions: never,
  function_call: never,
};

const ADVICE: NonNullable<ParameterRules["advice"]> = {
  ...Object.fromEntries(Object.keys(IGNORABLE).map((name) => [name, USE_CHAT_ADVICE])),
  functions: COMMON_ADVICE["functions"]!,
  function_call: "Use tool_choice.",
};

/**
 * Builds the body of a Responses request (OpenAI API reference, "Create a model response") from a request in the form of
 * Chat Completions. Fields that Chat Completions does not have are sent as they are.
 * @throws Failure `invalid_request` for anything that has no counterpart
 */
export function buildResponsesBody(
  request: ChatRequest,
  service: ResponsesService,
  refused: RefusedParts,
): Record<string, unknown> {
  const {
    max_tokens,
    max_completion_tokens,
    reasoning_effort,
    reasoning,
    response_format,
    verbosity,
    text,
    tool_choice,
    parallel_tool_calls,
    logprobs,
    include,
    store,
    stream_options,
    web_search_options,
    instructions,
    ...parameters
  } = cleanParameters(request);
  const { name, takesStore = true } = service;
  const keepsState = store === true || "previous_response_id" in parameters || "conversation" in parameters;
  // In the background, a service works only on what it stores.
  const isBackground = parameters["background"] === true;
  const ownStore = takesStore && !keepsState && !refused.fields.includes("store") ? isBackground : undefined;
  const maxTokens = max_completion_tokens ?? max_tokens;
  const tools = buildResponsesTools(name, request.tools ?? [], web_search_options);
  const includes = buildIncludes(request.model, service, refused, keepsState, logprobs);
  const input = buildInput(service, replaceCallIds(request.messages, USUAL_CALL_ID), {
    isStored: keepsState,
    dropsReasoning: refused.dropsReasoning,
    dropsPhase: refused.fields.includes("phase"),
  });
  return {
    model: request.model,
    // Some gateways refuse empty ones.
    ...(instructions ? { instructions } : {}),
    input,
    ...(maxTokens === undefined ? {} : { max_output_tokens: maxTokens }),
    ...buildReasoning(name, reasoning_effort, reasoning, refused),
    ...buildText(name, response_format, verbosity, text),
    ...buildToolFields(name, tools, tool_choice, parallel_tool_calls),
    ...omitUndefined({
      include: mergeIncludes(includes, include),
      store: store ?? ownStore,
      stream_options: pickStreamOptions(stream_options),
    }),
    ...selectParameters(createRules(service), parameters),
    stream: true,
  };
}

function createRules({ name, parameters = [] }: ResponsesService): ParameterRules {
  const ignorable = Object.fromEntries(
    Object.entries(IGNORABLE).filter(([field]) => !parameters.includes(field)),
  );
  return { service: name, ignorable, advice: ADVICE };
}

/** Lists what the answer has to include. Encrypted reasoning replaces what the service does not store. */
function buildIncludes(
  model: string,
  service: ResponsesService,
  refused: RefusedParts,
  keepsState: boolean,
  logprobs: unknown,
): string[] {
  const wantsReasoning =
    service.encryptsReasoning === true &&
    !keepsState &&
    !NEVER_REASONS.test(model) &&
    !refused.fields.includes("encryptedReasoning");
  return [...(wantsReasoning ? [ENCRYPTED_REASONING] : []), ...(logprobs === true ? [LOGPROBS] : [])];
}

function mergeIncludes(includes: readonly string[], authorIncludes: unknown): unknown[] | undefined {
  const all = new Set<unknown>([...includes, ...(Array.isArray(authorIncludes) ? authorIncludes : [])]);
  return all.size > 0 ? [...all] : undefined;
}

/** Builds `reasoning`. An author who asks for reasoning gets summaries of it, as other services show theirs. */
function buildReasoning(
  service: string,
  effort: unknown,
  authorFields: unknown,
  refused: RefusedParts,
): Record<string, unknown> {
  const wantsSummary =
    effort !== undefined && effort !== "none" && !refused.fields.includes("reasoningSummary");
  return nestFields("reasoning", {
    ...(effort === undefined ? {} : { effort }),
    ...(wantsSummary ? { summary: "auto" } : {}),
    ...requireObject(service, "reasoning", authorFields),
  });
}

/** Builds `text`: the form of the answer and how wordy it is. */
function buildText(
  service: string,
  format: unknown,
  verbosity: unknown,
  authorFields: unknown,
): Record<string, unknown> {
  return nestFields("text", {
    ...nestFields("format", buildFormat(service, format)),
    ...(verbosity === undefined ? {} : { verbosity }),
    ...requireObject(service, "text", authorFields),
  });
}

function buildFormat(service: string, format: unknown): Record<string, unknown> {
  const requested = readResponseFormat(service, format);
  if (!requested.json) return {};
  if (requested.schema === undefined) return { type: "json_object" };
  const { name, strict, description } = (format as { json_schema: Record<string, unknown> }).json_schema;
  return {
    type: "json_schema",
    name: typeof name === "string" && name !== "" ? name : DEFAULT_SCHEMA_NAME,
    schema: requested.schema,
    ...omitUndefined({ strict: strict ?? undefined, description: description ?? undefined }),
  };
}

/** Builds the fields about tools. Without tools, services refuse the others. */
function buildToolFields(
  service: string,
  tools: readonly unknown[],
  choice: unknown,
  parallel: unknown,
): Record<string, unknown> {
  if (tools.length === 0) return {};
  return omitUndefined({
    tools,
    tool_choice: choice === undefined ? undefined : buildResponsesToolChoice(service, choice),
    parallel_tool_calls: parallel,
  });
}

/** Picks the stream options that Responses has too: usage always comes with the end. */
function pickStreamOptions(options: unknown): unknown {
  if (!isObject(options)) return undefined;
  const { include_usage: _usage, ...rest } = options;
  return Object.keys(rest).length > 0 ? rest : undefined;
}
