import type { ChatMessage } from "../core/chunk.js";
import { Failure } from "../core/failure.js";
import { isObject, tryParseJson } from "../core/json.js";
import type { ChatRequest } from "../core/request.js";
import type { Message } from "./red.js";

/** What the node's own settings say of a request. Parameters are texts, as the editor stores them. */
export interface RequestSettings {
  model: string;
  system: unknown;
  parameters: Record<string, unknown>;
}

/** A request, and which of its messages are new: what the conversation grows by if all goes well. */
export interface Ask {
  request: ChatRequest;
  /** The system message, where there is one. */
  system: ChatMessage[];
  /** The new messages; with `msg.messages`, the whole conversation. */
  turn: ChatMessage[];
  /** Whether `turn` is the whole conversation and no history goes before it. */
  whole: boolean;
}

/** Fields of a prompt object that are not sampling parameters. */
const ASK_FIELDS: ReadonlySet<string> = new Set(["messages", "prompt", "model", "tools", "system"]);

/**
 * Puts a request together from the prompt, the message's overrides and the node's settings.
 * @param prompt a string, an array of chat messages, or an object of request fields
 * @param name how the author calls the prompt, for errors
 * @throws Failure `invalid_request` that names the property and what is wrong with it
 */
export function composeAsk(prompt: unknown, name: string, message: Message, settings: RequestSettings): Ask {
  const fields = isRequestFields(prompt) ? prompt : {};
  const whole = message.messages !== undefined;
  const turn = whole
    ? messagesFrom(message.messages, "msg.messages")
    : turnFrom(isRequestFields(prompt) ? (prompt["messages"] ?? prompt["prompt"]) : prompt, name);
  const options = message.options ?? {};
  if (!isObject(options)) throw wrong("msg.options", "an object of request fields");

  const { system: _system, ...rest } = fields;
  const parameters: Record<string, unknown> = { ...settings.parameters };
  for (const source of [rest, options]) {
    for (const [key, value] of Object.entries(source)) if (!ASK_FIELDS.has(key)) parameters[key] = value;
  }
  const model = message.model ?? fields["model"] ?? settings.model;
  if (typeof model !== "string") throw wrong("msg.model", "a string");
  const tools = message.tools ?? fields["tools"];
  if (tools !== undefined && !Array.isArray(tools)) throw wrong("msg.tools", "an array of tools");

  const request: ChatRequest = { model: model.trim(), messages: turn, parameters };
  if (tools) request.tools = tools;
  return { request, system: systemFrom(fields["system"] ?? settings.system, turn), turn, whole };
}

/** The messages as they are sent: system, history, then what is new. */
export function withHistory(ask: Ask, history: readonly ChatMessage[]): ChatRequest {
  return { ...ask.request, messages: [...ask.system, ...(ask.whole ? [] : history), ...ask.turn] };
}

function isRequestFields(prompt: unknown): prompt is Record<string, unknown> {
  return isObject(prompt) && !Buffer.isBuffer(prompt);
}

function turnFrom(prompt: unknown, name: string): ChatMessage[] {
  if (Array.isArray(prompt)) return messagesFrom(prompt, name);
  const text = typeof prompt === "number" || typeof prompt === "boolean" ? String(prompt) : prompt;
  if (text === undefined || text === null || text === "") {
    throw new Failure("invalid_request", `There is nothing to ask: ${name} is empty.`);
  }
  if (typeof text !== "string")
    throw wrong(name, "a string, an array of chat messages or an object of request fields");
  return [{ role: "user", content: text }];
}

function messagesFrom(value: unknown, name: string): ChatMessage[] {
  if (!Array.isArray(value)) throw wrong(name, "an array of chat messages");
  if (value.length === 0) throw new Failure("invalid_request", `There is nothing to ask: ${name} is empty.`);
  for (const [at, message] of value.entries()) {
    if (!isObject(message) || typeof message["role"] !== "string" || message["role"] === "") {
      throw wrong(`${name}[${at}]`, "an object with a role, such as {role: “user”, content: “…”}");
    }
  }
  return value as ChatMessage[];
}

function systemFrom(system: unknown, turn: readonly ChatMessage[]): ChatMessage[] {
  if (system === undefined || system === null || system === "") return [];
  if (typeof system !== "string") throw wrong("the system prompt", "a string");
  const given = turn.some(({ role }) => role === "system" || role === "developer");
  return given ? [] : [{ role: "system", content: system }];
}

function wrong(name: string, wanted: string): Failure {
  return new Failure("invalid_request", `${name} is not ${wanted}.`);
}

/** The node's settings that are request fields; empty ones are left out. */
export interface ParameterConfig {
  temperature?: unknown;
  maxTokens?: unknown;
  topP?: unknown;
  seed?: unknown;
  stop?: unknown;
  reasoningEffort?: unknown;
  options?: unknown;
}

/** @throws Failure `configuration` that names the setting */
export function parametersFrom(config: ParameterConfig): Record<string, unknown> {
  const parameters: Record<string, unknown> = {};
  const numbers: [string, string, unknown][] = [
    ["temperature", "temperature", config.temperature],
    ["maxTokens", "max_tokens", config.maxTokens],
    ["topP", "top_p", config.topP],
    ["seed", "seed", config.seed],
  ];
  for (const [setting, field, value] of numbers) {
    if (value === undefined || value === null || value === "") continue;
    const number = Number(value);
    if (!Number.isFinite(number))
      throw new Failure("configuration", `The setting ${setting} is not a number.`);
    parameters[field] = number;
  }
  if (config.stop) {
    const list = tryParseJson(String(config.stop));
    parameters["stop"] = Array.isArray(list) ? list : config.stop;
  }
  if (config.reasoningEffort) parameters["reasoning_effort"] = config.reasoningEffort;
  if (config.options) {
    const options = typeof config.options === "string" ? tryParseJson(config.options) : config.options;
    if (!isObject(options)) throw new Failure("configuration", "The further options are not a JSON object.");
    Object.assign(parameters, options);
  }
  return parameters;
}
