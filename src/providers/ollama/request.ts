import { type ChatRequest, cleanParameters } from "../../core/chat/request.js";
import { isObject } from "../../core/json/parse.js";
import {
  COMMON_ADVICE,
  OPENAI_ONLY,
  type ParameterRules,
  requireObject,
  SINGLE_TEXT_ANSWER,
  selectParameters,
} from "../shared/parameters.js";
import { readResponseFormat } from "../shared/response-format.js";
import { createUnsupportedFailure } from "../shared/unsupported.js";
import { buildOllamaMessages, OLLAMA_NAME } from "./messages.js";

/** Ollama's names of model options, by the names of Chat Completions and of other services. */
const RENAMED: Readonly<Record<string, string>> = {
  max_tokens: "num_predict",
  max_completion_tokens: "num_predict",
  repetition_penalty: "repeat_penalty",
};

/**
 * Model options that the author may set as parameters, outside `options` (Ollama's documentation, "Modelfile", parameters;
 * its source, `api.Options`).
 */
const OPTIONS: ReadonlySet<string> = new Set([
  "temperature",
  "top_p",
  "top_k",
  "min_p",
  "typical_p",
  "seed",
  "stop",
  "frequency_penalty",
  "presence_penalty",
  "repeat_penalty",
  "repeat_last_n",
  "num_ctx",
  "num_predict",
  "num_keep",
  "num_batch",
  "num_gpu",
  "num_thread",
  "main_gpu",
  "use_mmap",
  "mirostat",
  "mirostat_eta",
  "mirostat_tau",
]);

/** Parameters that Ollama takes (its documentation, "Generate a chat message"). It silently ignores all others. */
const RULES: ParameterRules = {
  service: OLLAMA_NAME,
  supported: new Set(["format", "keep_alive", "think", "logprobs", "top_logprobs", "truncate", "shift"]),
  ignorable: {
    ...OPENAI_ONLY,
    ...SINGLE_TEXT_ANSWER,
    parallel_tool_calls: (value) => value !== false,
    tool_choice: (value) => value === "auto" || value === "none",
  },
  advice: {
    ...COMMON_ADVICE,
    reasoning: "Use reasoning_effort.",
    tool_choice: "Leave it out: the model decides whether it calls a tool.",
  },
};

/** Models that take an effort as a word; others take only whether to think. */
const TAKES_LEVEL = /gpt-oss/i;

/** Efforts that Ollama does not know, with the nearest that it knows. */
const NEAREST_LEVELS: Readonly<Record<string, string>> = { minimal: "low", xhigh: "high", max: "high" };

/**
 * Builds the body of a request to /api/chat. Ollama's own fields (`keep_alive`, `options`, `think`) are sent as they are
 * and replace translated ones.
 * @param settings the provider's own: `contextLength` in tokens, `keepAlive` as Ollama writes it
 * @throws Failure `invalid_request` for anything that Ollama cannot take
 */
export function buildOllamaBody(
  request: ChatRequest,
  settings: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  const { reasoning_effort, response_format, options, ...parameters } = cleanParameters(request);
  const modelOptions: Record<string, unknown> = {};
  if (settings["contextLength"] !== undefined) modelOptions["num_ctx"] = settings["contextLength"];
  for (const [name, value] of Object.entries(parameters)) {
    const option = Object.hasOwn(RENAMED, name) ? RENAMED[name]! : name;
    if (!OPTIONS.has(option)) continue;
    modelOptions[option] = option === "stop" && !Array.isArray(value) ? [value] : value;
    delete parameters[name];
  }
  Object.assign(modelOptions, requireObject(OLLAMA_NAME, "options", options));
  // Ollama has no tool_choice. A model that gets no tools calls none.
  const tools = parameters["tool_choice"] === "none" ? [] : (request.tools ?? []).map(checkTool);
  const requested = readResponseFormat(OLLAMA_NAME, response_format);
  return {
    model: request.model,
    messages: buildOllamaMessages(request.messages),
    ...(tools.length > 0 ? { tools } : {}),
    ...(requested.json ? { format: requested.schema ?? "json" } : {}),
    ...buildThink(request.model, reasoning_effort),
    ...buildKeepAlive(settings["keepAlive"]),
    ...(Object.keys(modelOptions).length > 0 ? { options: modelOptions } : {}),
    ...selectParameters(RULES, parameters),
    stream: true,
  };
}

function buildThink(model: string, effort: unknown): Record<string, unknown> {
  if (effort === undefined) return {};
  if (typeof effort !== "string") {
    throw createUnsupportedFailure(
      OLLAMA_NAME,
      `the reasoning_effort ${JSON.stringify(effort)}`,
      "Use none, low, medium or high.",
    );
  }
  if (effort === "none") return { think: false };
  if (!TAKES_LEVEL.test(model)) return { think: true };
  return { think: Object.hasOwn(NEAREST_LEVELS, effort) ? NEAREST_LEVELS[effort] : effort };
}

/** How long the model stays in memory: a duration such as `5m`, or a number of seconds; below 0 for ever. */
function buildKeepAlive(value: unknown): Record<string, unknown> {
  if (value === undefined || value === "") return {};
  const number = Number(value);
  return { keep_alive: Number.isFinite(number) ? number : value };
}

function checkTool(tool: unknown, index: number): unknown {
  if (isObject(tool) && isObject(tool["function"])) return tool;
  throw createUnsupportedFailure(OLLAMA_NAME, `tool ${index}: it is not a function`);
}
