import { type ChatRequest, cleanParameters } from "../../core/chat/request.js";
import { Failure } from "../../core/failure.js";
import { isObject } from "../../core/json/parse.js";
import {
  COMMON_ADVICE,
  nestFields,
  OPENAI_ONLY,
  type ParameterRules,
  requireObject,
  selectParameters,
} from "../shared/parameters.js";
import { readResponseFormat } from "../shared/response-format.js";
import { createToolChoiceFailure, createUnsupportedFailure } from "../shared/unsupported.js";
import { buildGeminiContents, GEMINI_NAME, isNewer } from "./contents.js";

/** Gemini's names of parameters (Gemini API reference, "GenerationConfig"). */
const RENAMED: Readonly<Record<string, string>> = {
  temperature: "temperature",
  top_p: "topP",
  top_k: "topK",
  seed: "seed",
  n: "candidateCount",
  presence_penalty: "presencePenalty",
  frequency_penalty: "frequencyPenalty",
  logprobs: "responseLogprobs",
  top_logprobs: "logprobs",
};

/** Parameters that Gemini lacks. All others are sent, so that its own new ones need no change here. */
const RULES: ParameterRules = {
  service: GEMINI_NAME,
  ignorable: { ...OPENAI_ONLY, parallel_tool_calls: (value) => value !== false },
  advice: {
    ...COMMON_ADVICE,
    function_call: "Use tool_choice.",
    web_search_options: 'Add {"googleSearch": {}} to the tools.',
    audio: "Use modalities, and speechConfig in generationConfig.",
  },
};

/** Service tiers that Gemini has (@google/genai 3.3, `ServiceTier`). */
const TIERS: ReadonlySet<unknown> = new Set(["flex", "standard", "priority"]);

/** Thinking tokens by effort (Gemini API, "OpenAI compatibility"). */
const BUDGET_TOKENS: Readonly<Record<string, number>> = {
  none: 0,
  minimal: 1024,
  low: 1024,
  medium: 8192,
  high: 24_576,
};

/** Words for the effort that models from version 3 on take. */
const LEVELS: readonly unknown[] = ["minimal", "low", "medium", "high"];

/** Those that models from version 4 on take (@google/genai 3.3, `ThinkingLevel`). */
const NEWER_LEVELS: readonly unknown[] = [...LEVELS, "xhigh"];

/**
 * Builds the body of a request to streamGenerateContent. Fields that Chat Completions does not have (`safetySettings`,
 * `cachedContent`, further ones in `generationConfig`) are sent as they are.
 * @throws Failure `invalid_request` for anything that Gemini cannot take
 */
export function buildGeminiBody(request: ChatRequest): Record<string, unknown> {
  const {
    max_tokens,
    max_completion_tokens,
    stop,
    reasoning_effort,
    response_format,
    modalities,
    tool_choice,
    generationConfig,
    ...parameters
  } = cleanParameters(request);
  const maxTokens = max_completion_tokens ?? max_tokens;
  const renamed: Record<string, unknown> = {};
  for (const [name, geminiName] of Object.entries(RENAMED)) {
    if (parameters[name] !== undefined) renamed[geminiName] = parameters[name];
    delete parameters[name];
  }
  const config = {
    ...renamed,
    ...(maxTokens === undefined ? {} : { maxOutputTokens: maxTokens }),
    ...(stop === undefined ? {} : { stopSequences: Array.isArray(stop) ? stop : [stop] }),
    ...(Array.isArray(modalities)
      ? { responseModalities: modalities.map((modality) => String(modality).toUpperCase()) }
      : {}),
    ...buildOutputFormat(response_format),
    ...buildThinkingConfig(request.model, reasoning_effort),
    ...requireObject(GEMINI_NAME, "generationConfig", generationConfig),
  };
  const tools = buildTools(request.tools ?? []);
  const tier = parameters["service_tier"];
  if (TIERS.has(tier)) delete parameters["service_tier"];
  return {
    ...buildGeminiContents(request.messages, request.model),
    ...(tools.length > 0 ? { tools } : {}),
    ...nestFields("toolConfig", buildToolConfig(request.model, tools, tool_choice)),
    ...(Object.keys(config).length > 0 ? { generationConfig: config } : {}),
    ...(TIERS.has(tier) ? { serviceTier: tier } : {}),
    ...selectParameters(RULES, parameters),
  };
}

function buildOutputFormat(format: unknown): Record<string, unknown> {
  const requested = readResponseFormat(GEMINI_NAME, format);
  if (!requested.json) return {};
  return {
    responseMimeType: "application/json",
    ...(requested.schema === undefined ? {} : { responseJsonSchema: requested.schema }),
  };
}

/** Models that take a word for the effort: from version 3 on. They also take a number, as does any without a version. */
const TAKES_LEVEL = /gemini-([3-9]|\d\d)/;

/** Models that take `xhigh`, too. */
const TAKES_XHIGH = /gemini-([4-9]|\d\d)/;

/** Models whose thinking cannot be switched off. */
const ALWAYS_THINKS = /gemini-(2\.5-)?pro\b/;

/**
 * Translates `reasoning_effort`: earlier models take a number of tokens, later ones a word. All show their thoughts only
 * if asked to.
 * @throws Failure `invalid_request` for an effort that the model does not have
 */
function buildThinkingConfig(model: string, effort: unknown): Record<string, unknown> {
  if (effort === undefined) return {};
  if (!TAKES_LEVEL.test(model)) {
    const budget =
      typeof effort === "string" && Object.hasOwn(BUDGET_TOKENS, effort) ? BUDGET_TOKENS[effort] : undefined;
    if (budget === undefined) {
      throw createUnsupportedFailure(
        GEMINI_NAME,
        `the reasoning_effort ${JSON.stringify(effort)}`,
        `Use ${Object.keys(BUDGET_TOKENS).join(", ")}.`,
      );
    }
    if (budget === 0 && ALWAYS_THINKS.test(model)) {
      throw createUnsupportedFailure(
        GEMINI_NAME,
        `the reasoning_effort "none" for ${model}`,
        "It always thinks. Use minimal.",
      );
    }
    return { thinkingConfig: { thinkingBudget: budget, includeThoughts: budget > 0 } };
  }
  const levels = TAKES_XHIGH.test(model) ? NEWER_LEVELS : LEVELS;
  if (!levels.includes(effort)) {
    throw createUnsupportedFailure(
      GEMINI_NAME,
      `the reasoning_effort ${JSON.stringify(effort)} for ${model}`,
      `Use ${levels.join(", ")}.`,
    );
  }
  return { thinkingConfig: { thinkingLevel: effort, includeThoughts: true } };
}

/** Puts all functions into one tool. Gemini's own tools (`{"googleSearch": {}}`) are sent as they are. */
function buildTools(tools: readonly unknown[]): object[] {
  const functions: object[] = [];
  const ownTools: object[] = [];
  for (const [index, tool] of tools.entries()) {
    if (!isObject(tool)) {
      throw new Failure("invalid_request", `Tool ${index} is not an object. Correct the list of tools.`);
    }
    const definition = tool["function"];
    if (isObject(definition) && typeof definition["name"] === "string")
      functions.push(buildDeclaration(definition));
    else if (tool["type"] === undefined) ownTools.push(tool);
    else
      throw createUnsupportedFailure(
        GEMINI_NAME,
        `tool ${index}: it is neither a function nor one of Gemini's tools`,
      );
  }
  return functions.length > 0 ? [{ functionDeclarations: functions }, ...ownTools] : ownTools;
}

function buildDeclaration({ name, description, parameters }: Record<string, unknown>): object {
  return {
    name,
    ...(description ? { description } : {}),
    ...(isObject(parameters) ? { parametersJsonSchema: parameters } : {}),
  };
}

/** Gemini's modes of tool calling, by the words of `tool_choice`. */
const MODES: Readonly<Record<string, string>> = { auto: "AUTO", none: "NONE", required: "ANY" };

/** Models after version 2.5 take functions beside Gemini's own tools only if asked for both (@ai-sdk/google 4.0.121). */
function buildToolConfig(model: string, tools: readonly object[], choice: unknown): Record<string, unknown> {
  const isFunctions = (tool: object) => "functionDeclarations" in tool;
  const isMixed = tools.some(isFunctions) && !tools.every(isFunctions);
  if (!isMixed || !isNewer(model) || !/gemini-/i.test(model)) {
    const isEmpty = tools.length === 0 || choice === undefined;
    return isEmpty ? {} : { functionCallingConfig: buildCallingConfig(choice) };
  }
  const isFree = choice === undefined || choice === "auto";
  return {
    functionCallingConfig: isFree ? { mode: "VALIDATED" } : buildCallingConfig(choice),
    includeServerSideToolInvocations: true,
  };
}

function buildCallingConfig(choice: unknown): object {
  if (typeof choice === "string" && Object.hasOwn(MODES, choice)) return { mode: MODES[choice] };
  const named = isObject(choice) ? choice["function"] : undefined;
  if (isObject(named) && typeof named["name"] === "string") {
    return { mode: "ANY", allowedFunctionNames: [named["name"]] };
  }
  throw createToolChoiceFailure(GEMINI_NAME, choice);
}
