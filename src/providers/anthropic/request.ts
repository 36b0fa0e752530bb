import { type ChatRequest, cleanParameters } from "../../core/chat/request.js";
import { Failure } from "../../core/failure.js";
import { isObject } from "../../core/json/parse.js";
import {
  type IgnorableParameters,
  isTextOnly,
  OPENAI_ONLY,
  omitNulls,
  requireObject,
  sendable,
} from "../shared/parameters.js";
import { readResponseFormat } from "../shared/response-format.js";
import { createUnsupportedFailure } from "../shared/unsupported.js";
import { ANTHROPIC_NAME, type ContentBlock } from "./content-blocks.js";
import { buildAnthropicConversation } from "./messages.js";
import { checkThinking, chooseThinking, readThinkingBudget } from "./thinking.js";

/** Every answer of the Messages API needs a bound. What every model allows; its authors' examples use no more. */
const DEFAULT_MAX_TOKENS = 4096;

/** The service has tiers of its own. */
const { service_tier: _tier, ...UNKNOWN_OF_OPENAI } = OPENAI_ONLY;

/** Parameters that it does not have. */
const UNKNOWN: IgnorableParameters = {
  ...UNKNOWN_OF_OPENAI,
  n: (value) => value === 1,
  seed: () => false,
  logprobs: (value) => value === false,
  top_logprobs: (value) => value === 0,
  frequency_penalty: (value) => value === 0,
  presence_penalty: (value) => value === 0,
  modalities: isTextOnly,
};

/** What takes the place of a parameter that the service does not have. */
const INSTEAD: Readonly<Record<string, string>> = {
  functions: "Use tools.",
  function_call: "Use tool_choice.",
  web_search_options: 'Add {"type": "web_search_20250305", "name": "web_search"} to the tools.',
  n: "Send the request several times.",
};

/**
 * The body of a request of the Messages API (API reference, "Create a Message"). Fields that Chat Completions does not
 * have go through as they are.
 * @throws Failure `invalid_request` for what would be lost
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
  } = cleanParameters(request.parameters);
  const most = max_completion_tokens ?? max_tokens;
  const thinking =
    parameters["thinking"] === undefined ? chooseThinking(request.model, reasoning_effort, most) : {};
  const tools = (request.tools ?? []).map(toolOf);
  const choice = choiceOf(tool_choice, parallel_tool_calls, tools.length > 0);
  const person = user ?? safety_identifier;
  const body: Record<string, unknown> = {
    model: request.model,
    max_tokens:
      most ?? (thinking.budget ?? readThinkingBudget({ ...parameters, output_config })) + DEFAULT_MAX_TOKENS,
    ...buildAnthropicConversation(request.messages),
    ...(tools.length > 0 ? { tools } : {}),
    ...(choice ? { tool_choice: choice } : {}),
    ...(stop === undefined ? {} : { stop_sequences: Array.isArray(stop) ? stop : [stop] }),
    ...filled("metadata", {
      ...(person === undefined ? {} : { user_id: person }),
      ...requireObject(ANTHROPIC_NAME, "metadata", metadata),
    }),
    ...(thinking.thinking ? { thinking: thinking.thinking } : {}),
    ...filled("output_config", {
      ...thinking.output,
      ...formatOf(response_format),
      ...requireObject(ANTHROPIC_NAME, "output_config", output_config),
    }),
    ...sendable(ANTHROPIC_NAME, parameters, UNKNOWN, INSTEAD),
    stream: true,
  };
  checkThinking(request.model, body);
  return body;
}

function filled(name: string, fields: Record<string, unknown>): Record<string, unknown> {
  return Object.keys(fields).length > 0 ? { [name]: fields } : {};
}

function formatOf(format: unknown): Record<string, unknown> {
  const wanted = readResponseFormat(ANTHROPIC_NAME, format);
  if (!wanted.json) return {};
  if (wanted.schema === undefined) {
    throw createUnsupportedFailure(
      ANTHROPIC_NAME,
      "a response_format without a schema",
      "Give it a JSON Schema.",
    );
  }
  return { format: { type: "json_schema", schema: wanted.schema } };
}

/** The service's own tools, and tools that are in its own form, go through as they are. */
function toolOf(tool: unknown, at: number): ContentBlock {
  if (!isObject(tool)) throw new Failure("invalid_request", `Tool ${at} is not an object.`);
  if (tool["type"] !== "function" && typeof tool["name"] === "string") return tool;
  const described = tool["function"];
  if (!isObject(described) || typeof described["name"] !== "string") {
    throw createUnsupportedFailure(
      ANTHROPIC_NAME,
      `tool ${at}: it is neither a function nor one of Anthropic's tools`,
    );
  }
  const { name, description, parameters, ...more } = described;
  const cache = tool["cache_control"] ? { cache_control: tool["cache_control"] } : {};
  return {
    name,
    ...(description ? { description } : {}),
    input_schema: isObject(parameters)
      ? { type: "object", ...parameters }
      : { type: "object", properties: {} },
    ...omitNulls(more),
    ...cache,
  };
}

const CHOICES: Readonly<Record<string, string>> = { auto: "auto", none: "none", required: "any" };

/** @param offered whether there are tools: without any the service refuses a choice */
function choiceOf(choice: unknown, parallel: unknown, offered: boolean): ContentBlock | undefined {
  if (!offered) return undefined;
  const chosen = choice === undefined ? undefined : chosenTool(choice);
  if (parallel !== false || chosen?.["type"] === "none") return chosen;
  return { ...(chosen ?? { type: "auto" }), disable_parallel_tool_use: true };
}

function chosenTool(choice: unknown): ContentBlock {
  if (typeof choice === "string" && Object.hasOwn(CHOICES, choice)) return { type: CHOICES[choice] };
  if (isObject(choice)) {
    const named = choice["function"];
    if (choice["type"] === "function" && isObject(named)) return { type: "tool", name: named["name"] };
    if (["auto", "any", "tool", "none"].includes(String(choice["type"]))) return choice;
  }
  throw createUnsupportedFailure(ANTHROPIC_NAME, `the tool_choice ${JSON.stringify(choice)}`);
}
