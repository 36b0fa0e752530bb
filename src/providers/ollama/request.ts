import type { ChatMessage } from "../../core/chat/chunk.js";
import { type ChatRequest, cleanParameters } from "../../core/chat/request.js";
import { Failure } from "../../core/failure.js";
import { isObject } from "../../core/json/parse.js";
import { contentParts, described } from "../shared/content-parts.js";
import { joinedText, onlyText, spokenText } from "../shared/message-text.js";
import {
  type IgnorableParameters,
  isTextAlone,
  knownOnly,
  OPENAI_ONLY,
  objectOf,
} from "../shared/parameters.js";
import { CallNames, pastCalls } from "../shared/past-calls.js";
import { wantedFormat } from "../shared/response-format.js";
import { cannotSend } from "../shared/unsupported.js";

const SERVICE = "Ollama";

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
  modalities: isTextAlone,
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
export function ollamaBody(
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
  Object.assign(own, objectOf(SERVICE, "options", options));
  // Where it must not call any, it is not told of any.
  const tools = parameters["tool_choice"] === "none" ? [] : (request.tools ?? []).map(toolOf);
  const wanted = wantedFormat(SERVICE, response_format);
  return {
    model: request.model,
    messages: ollamaMessages(request.messages),
    ...(tools.length > 0 ? { tools } : {}),
    ...(wanted.json ? { format: wanted.schema ?? "json" } : {}),
    ...thinkOf(request.model, reasoning_effort),
    ...keepAlive(settings["keepAlive"]),
    ...(Object.keys(own).length > 0 ? { options: own } : {}),
    ...knownOnly(SERVICE, parameters, FIELDS, HARMLESS, INSTEAD),
    stream: true,
  };
}

function thinkOf(model: string, effort: unknown): Record<string, unknown> {
  if (effort === undefined) return {};
  if (typeof effort !== "string") throw cannotSend(SERVICE, `the reasoning_effort ${JSON.stringify(effort)}`);
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
  throw cannotSend(SERVICE, `tool ${at}: it is not a function`);
}

/** A conversation of Chat Completions as Ollama has it: one text a message, images beside it, arguments as objects. */
function ollamaMessages(messages: readonly ChatMessage[]): object[] {
  const names = new CallNames();
  return messages.map((message, at) => {
    const place = `Message ${at}`;
    switch (message.role) {
      case "system":
      case "developer":
        return { role: "system", content: onlyText(SERVICE, message, place) };
      case "user":
        return userMessage(message, place);
      case "assistant":
        return assistantMessage(message, names, place);
      case "tool":
        return toolResult(message, names, place);
      default:
        throw cannotSend(SERVICE, `the role "${message.role}" (${place})`);
    }
  });
}

function userMessage(message: ChatMessage, place: string): object {
  const parts = contentParts(message, place);
  const images = parts.flatMap((part) => {
    if (part.kind === "text") return [];
    if (part.kind !== "image")
      throw cannotSend(SERVICE, `${described(part)} (${place})`, "It takes text and images.");
    if (part.data) return [part.data.base64];
    throw cannotSend(SERVICE, `an image by its address (${place})`, "Send it as a data URL.");
  });
  return { role: "user", content: joinedText(parts), ...(images.length > 0 ? { images } : {}) };
}

function assistantMessage(message: ChatMessage, names: CallNames, place: string): object {
  const calls = pastCalls(SERVICE, message, place);
  names.add(calls);
  const thinking = message["reasoning_content"];
  return {
    role: "assistant",
    content: spokenText(SERVICE, message, place),
    ...(typeof thinking === "string" && thinking !== "" ? { thinking } : {}),
    ...(calls.length > 0
      ? {
          tool_calls: calls.map(({ id, name, arguments: args }) => ({
            ...(id === "" ? {} : { id }),
            function: { name, arguments: args },
          })),
        }
      : {}),
  };
}

function toolResult(message: ChatMessage, names: CallNames, place: string): object {
  const id = message["tool_call_id"];
  return {
    role: "tool",
    content: onlyText(SERVICE, message, place),
    tool_name: names.of(message, place),
    ...(typeof id === "string" && id !== "" ? { tool_call_id: id } : {}),
  };
}

/** @throws Failure `configuration` for an address that belongs to another part of the service */
export function ollamaBase(baseUrl: string): string {
  const url = new URL(baseUrl);
  if (/\/api\/(chat|generate|tags)\/*$/.test(url.pathname)) {
    throw new Failure(
      "configuration",
      `The base URL ends in a path of ${SERVICE}'s: it is only the address of the server.`,
    );
  }
  url.pathname = url.pathname.replace(/\/(api|v1)\/*$/, "");
  return url.href;
}
