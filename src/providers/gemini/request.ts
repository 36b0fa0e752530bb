import { type ChatRequest, cleanParameters } from "../../core/chat/request.js";
import { Failure } from "../../core/failure.js";
import { isObject } from "../../core/json/parse.js";
import { type IgnorableParameters, OPENAI_ONLY, requireObject, sendable } from "../shared/parameters.js";
import { readResponseFormat } from "../shared/response-format.js";
import { createUnsupportedFailure } from "../shared/unsupported.js";
import { buildGeminiContents, GEMINI_NAME } from "./contents.js";

/** Parameters that have only another name (Gemini API reference, "GenerationConfig"). */
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

const UNKNOWN: IgnorableParameters = { ...OPENAI_ONLY, parallel_tool_calls: (value) => value !== false };

/** What takes the place of a parameter that the service does not have. */
const INSTEAD: Readonly<Record<string, string>> = {
  functions: "Use tools.",
  function_call: "Use tool_choice.",
  web_search_options: 'Add {"googleSearch": {}} to the tools.',
  audio: "Use modalities, and speechConfig in generationConfig.",
};

/** Tokens for each effort, for models that want a number (Gemini API, "OpenAI compatibility"). */
const BUDGETS: Readonly<Record<string, number>> = {
  none: 0,
  minimal: 1024,
  low: 1024,
  medium: 8192,
  high: 24_576,
};

const LEVELS: ReadonlySet<unknown> = new Set(["minimal", "low", "medium", "high"]);

/**
 * The body of a request for streamGenerateContent. Fields that Chat Completions does not have (`safetySettings`,
 * `cachedContent`, more in `generationConfig`) go through as they are.
 * @throws Failure `invalid_request` for what would be lost
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
  } = cleanParameters(request.parameters);
  const most = max_completion_tokens ?? max_tokens;
  const renamed: Record<string, unknown> = {};
  for (const [name, to] of Object.entries(RENAMED)) {
    if (parameters[name] !== undefined) renamed[to] = parameters[name];
    delete parameters[name];
  }
  const config = {
    ...renamed,
    ...(most === undefined ? {} : { maxOutputTokens: most }),
    ...(stop === undefined ? {} : { stopSequences: Array.isArray(stop) ? stop : [stop] }),
    ...(Array.isArray(modalities)
      ? { responseModalities: modalities.map((modality) => String(modality).toUpperCase()) }
      : {}),
    ...formatOf(response_format),
    ...thinkingOf(request.model, reasoning_effort),
    ...requireObject(GEMINI_NAME, "generationConfig", generationConfig),
  };
  const tools = toolsOf(request.tools ?? []);
  return {
    ...buildGeminiContents(request.messages, request.model),
    ...(tools.length > 0 ? { tools } : {}),
    ...(tools.length > 0 && tool_choice !== undefined ? { toolConfig: toolConfigOf(tool_choice) } : {}),
    ...(Object.keys(config).length > 0 ? { generationConfig: config } : {}),
    ...sendable(GEMINI_NAME, parameters, UNKNOWN, INSTEAD),
  };
}

function formatOf(format: unknown): Record<string, unknown> {
  const wanted = readResponseFormat(GEMINI_NAME, format);
  if (!wanted.json) return {};
  return {
    responseMimeType: "application/json",
    ...(wanted.schema === undefined ? {} : { responseJsonSchema: wanted.schema }),
  };
}

/** From version 3 on; these advise against a number and still take it, so a name without a version gets one. */
const WANTS_WORD = /gemini-([3-9]|\d\d)/;

/** They think at least a little. */
const ALWAYS_THINKS = /gemini-(2\.5-)?pro\b/;

/**
 * Earlier models want a number of tokens, later ones a word; and all tell their thoughts only when asked to.
 * @throws Failure `invalid_request`
 */
function thinkingOf(model: string, effort: unknown): Record<string, unknown> {
  if (effort === undefined) return {};
  if (!WANTS_WORD.test(model)) {
    const budget = typeof effort === "string" && Object.hasOwn(BUDGETS, effort) ? BUDGETS[effort] : undefined;
    if (budget === undefined)
      throw createUnsupportedFailure(GEMINI_NAME, `the reasoning_effort ${JSON.stringify(effort)}`);
    if (budget === 0 && ALWAYS_THINKS.test(model)) {
      throw createUnsupportedFailure(
        GEMINI_NAME,
        `the reasoning_effort "none" for ${model}`,
        "It always thinks: use minimal.",
      );
    }
    return { thinkingConfig: { thinkingBudget: budget, includeThoughts: budget > 0 } };
  }
  if (!LEVELS.has(effort)) {
    throw createUnsupportedFailure(
      GEMINI_NAME,
      `the reasoning_effort ${JSON.stringify(effort)} for ${model}`,
      "It takes minimal, low, medium and high.",
    );
  }
  return { thinkingConfig: { thinkingLevel: effort, includeThoughts: true } };
}

/** Functions together are one tool; the service's own tools (`{"googleSearch": {}}`) go through as they are. */
function toolsOf(tools: readonly unknown[]): object[] {
  const functions: object[] = [];
  const own: object[] = [];
  for (const [at, tool] of tools.entries()) {
    if (!isObject(tool)) throw new Failure("invalid_request", `Tool ${at} is not an object.`);
    const described = tool["function"];
    if (isObject(described) && typeof described["name"] === "string") functions.push(declaration(described));
    else if (tool["type"] === undefined) own.push(tool);
    else
      throw createUnsupportedFailure(
        GEMINI_NAME,
        `tool ${at}: it is neither a function nor one of Gemini's tools`,
      );
  }
  return functions.length > 0 ? [{ functionDeclarations: functions }, ...own] : own;
}

function declaration({ name, description, parameters }: Record<string, unknown>): object {
  return {
    name,
    ...(description ? { description } : {}),
    ...(isObject(parameters) ? { parametersJsonSchema: parameters } : {}),
  };
}

const MODES: Readonly<Record<string, string>> = { auto: "AUTO", none: "NONE", required: "ANY" };

function toolConfigOf(choice: unknown): object {
  if (typeof choice === "string" && Object.hasOwn(MODES, choice)) {
    return { functionCallingConfig: { mode: MODES[choice] } };
  }
  const named = isObject(choice) ? choice["function"] : undefined;
  if (isObject(named) && typeof named["name"] === "string") {
    return { functionCallingConfig: { mode: "ANY", allowedFunctionNames: [named["name"]] } };
  }
  throw createUnsupportedFailure(GEMINI_NAME, `the tool_choice ${JSON.stringify(choice)}`);
}
