import { type ChatRequest, cleanParameters } from "../../core/chat/request.js";
import { Failure } from "../../core/failure.js";
import { isObject } from "../../core/json/parse.js";
import {
  COMMON_ADVICE,
  nestFields,
  OPENAI_ONLY,
  omitNulls,
  type ParameterRules,
  requireObject,
  SINGLE_TEXT_ANSWER,
  selectParameters,
} from "../shared/parameters.js";
import { readResponseFormat } from "../shared/response-format.js";
import { createToolChoiceFailure, createUnsupportedFailure } from "../shared/unsupported.js";
import { adaptAnswerSchema } from "./answer-schema.js";
import { ANTHROPIC_NAME, type ContentBlock } from "./content-blocks.js";
import { buildAnthropicConversation } from "./messages.js";
import { checkThinking, chooseThinking, readThinkingBudget } from "./thinking.js";

/** The Messages API requires `max_tokens`. Every model allows this many; Anthropic's examples use no more. */
const DEFAULT_MAX_TOKENS = 4096;

/** Anthropic has service tiers, though other ones than OpenAI. */
const { service_tier: _tier, ...OPENAI_ONLY_WITHOUT_TIER } = OPENAI_ONLY;

/** Parameters that Anthropic lacks. All others are sent, so that its own new ones need no change here. */
const RULES: ParameterRules = {
  service: ANTHROPIC_NAME,
  ignorable: {
    ...OPENAI_ONLY_WITHOUT_TIER,
    ...SINGLE_TEXT_ANSWER,
    seed: () => false,
    logprobs: (value) => value === false,
    top_logprobs: (value) => value === 0,
    frequency_penalty: (value) => value === 0,
    presence_penalty: (value) => value === 0,
  },
  advice: {
    ...COMMON_ADVICE,
    function_call: "Use tool_choice.",
    web_search_options: 'Add {"type": "web_search_20250305", "name": "web_search"} to the tools.',
  },
};

/**
 * Builds the body of a request to the Messages API (API reference, "Create a Message"). Fields that Chat Completions does
 * not have are sent as they are.
 * @throws Failure `invalid_request` for anything that Anthropic cannot take
 */
export function buildAnthropicBody(request: ChatRequest): Record<string, unknown> {
  const {
    max_tokens,
    max_completion_tokens,
    stop,
    user,
    safety_identifier,
    metadata,
    reasoning_effort,
    response_format,
    tool_choice,
    parallel_tool_calls,
    output_config,
    ...parameters
  } = cleanParameters(request);
  const maxTokens = max_completion_tokens ?? max_tokens;
  const thinking =
    parameters["thinking"] === undefined ? chooseThinking(request.model, reasoning_effort, maxTokens) : {};
  const thinkingBudget =
    thinking.budget ??
    readThinkingBudget(request.model, { thinking: thinking.thinking, ...parameters, output_config });
  const tools = (request.tools ?? []).map(toAnthropicTool);
  const toolChoice = buildToolChoice(tool_choice, parallel_tool_calls, tools.length > 0);
  const userId = user ?? safety_identifier;
  const body: Record<string, unknown> = {
    model: request.model,
    max_tokens: maxTokens ?? thinkingBudget + DEFAULT_MAX_TOKENS,
    ...buildAnthropicConversation(request.messages),
    ...(tools.length > 0 ? { tools } : {}),
    ...(toolChoice ? { tool_choice: toolChoice } : {}),
    ...(stop === undefined ? {} : { stop_sequences: Array.isArray(stop) ? stop : [stop] }),
    ...nestFields("metadata", {
      ...(userId === undefined ? {} : { user_id: userId }),
      ...requireObject(ANTHROPIC_NAME, "metadata", metadata),
    }),
    ...(thinking.thinking ? { thinking: thinking.thinking } : {}),
    ...nestFields("output_config", {
      ...thinking.outputConfig,
      ...buildOutputFormat(response_format),
      ...requireObject(ANTHROPIC_NAME, "output_config", output_config),
    }),
    ...selectParameters(RULES, parameters),
    stream: true,
  };
  checkThinking(request.model, body);
  return body;
}

function buildOutputFormat(format: unknown): Record<string, unknown> {
  const requested = readResponseFormat(ANTHROPIC_NAME, format);
  if (!requested.json) return {};
  if (requested.schema === undefined) {
    throw createUnsupportedFailure(
      ANTHROPIC_NAME,
      "a response_format without a schema",
      "Give it a JSON Schema.",
    );
  }
  return { format: { type: "json_schema", schema: adaptAnswerSchema(requested.schema) } };
}

/** Matches the types of tools without a name, each of which stands for several (`mcp_toolset`, `computer_toolset_20260801`). */
const TOOLSET = /_toolset(?:_\d{8})?$/;

/** Translates a function. Anthropic's own tools, and tools written in its form, stay as they are. */
function toAnthropicTool(tool: unknown, index: number): ContentBlock {
  if (!isObject(tool)) {
    throw new Failure("invalid_request", `Tool ${index} is not an object. Correct the list of tools.`);
  }
  if (tool["type"] !== "function" && typeof tool["name"] === "string") return tool;
  if (TOOLSET.test(String(tool["type"]))) return tool;
  const definition = tool["function"];
  if (!isObject(definition) || typeof definition["name"] !== "string") {
    throw createUnsupportedFailure(
      ANTHROPIC_NAME,
      `tool ${index}: it is neither a function nor one of Anthropic's tools`,
    );
  }
  const { name, description, parameters, ...rest } = definition;
  const cache = tool["cache_control"] ? { cache_control: tool["cache_control"] } : {};
  return {
    name,
    ...(description ? { description } : {}),
    input_schema: isObject(parameters)
      ? { type: "object", ...parameters }
      : { type: "object", properties: {} },
    ...omitNulls(rest),
    ...cache,
  };
}

/** Anthropic's types of tool choice, by the words of Chat Completions. */
const TOOL_CHOICES: Readonly<Record<string, string>> = { auto: "auto", none: "none", required: "any" };

/** @param hasTools without tools Anthropic refuses any tool choice, so none is sent */
function buildToolChoice(choice: unknown, parallel: unknown, hasTools: boolean): ContentBlock | undefined {
  if (!hasTools) return undefined;
  const translated = choice === undefined ? undefined : translateToolChoice(choice);
  if (parallel !== false || translated?.["type"] === "none") return translated;
  return { ...(translated ?? { type: "auto" }), disable_parallel_tool_use: true };
}

function translateToolChoice(choice: unknown): ContentBlock {
  if (typeof choice === "string" && Object.hasOwn(TOOL_CHOICES, choice))
    return { type: TOOL_CHOICES[choice] };
  if (isObject(choice)) {
    const named = choice["function"];
    if (choice["type"] === "function" && isObject(named)) return { type: "tool", name: named["name"] };
    // Already in Anthropic's form.
    if (["auto", "any", "tool", "none"].includes(String(choice["type"]))) return choice;
  }
  throw createToolChoiceFailure(ANTHROPIC_NAME, choice);
}
