import { type ChatRequest, cleanParameters } from "../../core/chat/request.js";
import { isObject } from "../../core/json/parse.js";
import {
  type IgnorableParameters,
  isTextOnly,
  knownOnly,
  OPENAI_ONLY,
  requireObject,
} from "../shared/parameters.js";
import { readResponseFormat } from "../shared/response-format.js";
import { createUnsupportedFailure } from "../shared/unsupported.js";
import { buildOllamaMessages, OLLAMA_NAME } from "./messages.js";

/** Names of Chat Completions for options of the model. */
const RENAMED: Readonly<Record<string, string>> = {
  max_tokens: "num_predict",
  max_completion_tokens: "num_predict",
  repetition_penalty: "repeat_penalty",
};

/**
 * Options of the model that the author may also name by themselves (Ollama documentation, "Modelfile", parameters; its
 * source, `api.Options`).
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

/** Other fields of its request (Ollama documentation, "Generate a chat message"). What else it gets is passed over. */
const FIELDS: ReadonlySet<string> = new Set([
  "format",
  "keep_alive",
  "think",
  "logprobs",
  "top_logprobs",
  "truncate",
  "shift",
]);

/** Fields that it does not have and that make no difference with these values. */
const HARMLESS: IgnorableParameters = {
  ...OPENAI_ONLY,
  n: (value) => value === 1,
  modalities: isTextOnly,
  parallel_tool_calls: (value) => value !== false,
  tool_choice: (value) => value === "auto" || value === "none",
};

const INSTEAD: Readonly<Record<string, string>> = {
  functions: "Use tools.",
  reasoning: "Use reasoning_effort.",
  n: "Send the request several times.",
  tool_choice: "There it is the model that decides whether it calls a tool.",
};

/** Models that take a word for how long they think; others only whether. */
const LEVELLED = /gpt-oss/i;

/** The nearest of its words. */
const LEVELS: Readonly<Record<string, string>> = { minimal: "low", xhigh: "high", max: "high" };

/**
 * The body of a request for /api/chat. Its own fields (`keep_alive`, `options`, `think`) go through as they are and win.
 * @throws Failure `invalid_request` for what would be lost
 */
export function buildOllamaBody(
  request: ChatRequest,
  settings: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  const { reasoning_effort, response_format, options, ...parameters } = cleanParameters(request.parameters);
  const own: Record<string, unknown> = {};
  if (settings["contextLength"] !== undefined) own["num_ctx"] = settings["contextLength"];
  for (const [name, value] of Object.entries(parameters)) {
    const option = Object.hasOwn(RENAMED, name) ? RENAMED[name]! : name;
    if (!OPTIONS.has(option)) continue;
    own[option] = option === "stop" && !Array.isArray(value) ? [value] : value;
    delete parameters[name];
  }
  Object.assign(own, requireObject(OLLAMA_NAME, "options", options));
  // Where it must not call any, it is not told of any.
  const tools = parameters["tool_choice"] === "none" ? [] : (request.tools ?? []).map(toolOf);
  const wanted = readResponseFormat(OLLAMA_NAME, response_format);
  return {
    model: request.model,
    messages: buildOllamaMessages(request.messages),
    ...(tools.length > 0 ? { tools } : {}),
    ...(wanted.json ? { format: wanted.schema ?? "json" } : {}),
    ...thinkOf(request.model, reasoning_effort),
    ...keepAlive(settings["keepAlive"]),
    ...(Object.keys(own).length > 0 ? { options: own } : {}),
    ...knownOnly(OLLAMA_NAME, parameters, FIELDS, HARMLESS, INSTEAD),
    stream: true,
  };
}

function thinkOf(model: string, effort: unknown): Record<string, unknown> {
  if (effort === undefined) return {};
  if (typeof effort !== "string")
    throw createUnsupportedFailure(OLLAMA_NAME, `the reasoning_effort ${JSON.stringify(effort)}`);
  if (effort === "none") return { think: false };
  if (!LEVELLED.test(model)) return { think: true };
  return { think: Object.hasOwn(LEVELS, effort) ? LEVELS[effort] : effort };
}

/** `5m`, or a number: seconds, below 0 for ever. */
function keepAlive(value: unknown): Record<string, unknown> {
  if (value === undefined || value === "") return {};
  const number = Number(value);
  return { keep_alive: Number.isFinite(number) ? number : value };
}

function toolOf(tool: unknown, at: number): unknown {
  if (isObject(tool) && isObject(tool["function"])) return tool;
  throw createUnsupportedFailure(OLLAMA_NAME, `tool ${at}: it is not a function`);
}
