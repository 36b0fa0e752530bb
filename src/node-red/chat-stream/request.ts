import type { ChatMessage } from "../../core/chat/chunk.js";
import type { ChatRequest } from "../../core/chat/request.js";
import { Failure } from "../../core/failure.js";
import { isObject } from "../../core/json/parse.js";
import type { Message } from "../red/api.js";
import { copyAsJson } from "../red/plain-copy.js";

/** What the node's own settings say of a request. Parameters are texts, as the editor stores them. */
export interface RequestSettings {
  model: string;
  system: unknown;
  parameters: Record<string, unknown>;
}

/** A request, and which of its messages are new: what the conversation grows by if all goes well. */
export interface ComposedRequest {
  request: ChatRequest;
  /** The system message, where there is one. */
  system: ChatMessage[];
  /** The new messages; with `msg.messages`, the whole conversation. */
  turn: ChatMessage[];
  /** Whether `turn` is the whole conversation and no history goes before it. */
  isWholeConversation: boolean;
}

/** Fields of a prompt object that are not sampling parameters. */
const REQUEST_FIELDS: ReadonlySet<string> = new Set(["messages", "prompt", "model", "tools", "system"]);

/** Whether a message brings the whole conversation, and so needs no prompt. */
export function bringsMessages(message: Message): boolean {
  return message.messages !== undefined;
}

/**
 * Puts a request together from the prompt, the message's overrides and the node's settings. Of one field given in
 * several places, the nearest to the message wins: its own property, `msg.options`, the prompt's field, the node's
 * setting.
 * @param prompt a string, an array of chat messages, or an object of request fields; not looked at where the message
 *   brings the whole conversation
 * @param name how the author calls the prompt, for errors
 * @throws Failure `invalid_request` that names the property and what is wrong with it
 */
export function mergeRequest(
  prompt: unknown,
  name: string,
  message: Message,
  settings: RequestSettings,
): ComposedRequest {
  const whole = bringsMessages(message);
  const fields = !whole && isRequestFields(prompt) ? prompt : {};
  const turn = whole ? requireMessages(message.messages, "msg.messages") : readPrompt(prompt, name);
  const options = message.options ?? {};
  if (!isObject(options)) throw createTypeFailure("msg.options", "an object of request fields");

  const { parameters: fixed } = settings;
  const parameters: Record<string, unknown> = {};
  for (const source of [fixed, fields, options]) {
    for (const [key, value] of Object.entries(source)) if (!REQUEST_FIELDS.has(key)) parameters[key] = value;
  }
  const named = [message.model, options["model"], fields["model"], fixed["model"]];
  const model = named.find((value) => (value ?? "") !== "") ?? settings.model;
  if (typeof model !== "string") throw createTypeFailure("The model (msg.model)", "a string");
  const tools = message.tools ?? options["tools"] ?? fields["tools"] ?? fixed["tools"];
  if (tools !== undefined && !Array.isArray(tools)) throw createTypeFailure("msg.tools", "an array of tools");

  const request: ChatRequest = { model: model.trim(), messages: turn, parameters };
  if (tools) request.tools = tools;
  return {
    request,
    system: createSystemMessage(fields["system"] ?? settings.system, turn),
    turn,
    isWholeConversation: whole,
  };
}

/**
 * The request as it is sent, a copy of its own: system, history, then what is new.
 * @param name how the author calls the prompt, for errors
 * @throws Failure `invalid_request` for what JSON cannot hold
 */
export function addHistory(ask: ComposedRequest, history: readonly ChatMessage[], name: string): ChatRequest {
  const { request, system, turn, isWholeConversation: whole } = ask;
  const copy: ChatRequest = {
    model: request.model,
    messages: [...system, ...(whole ? [] : history), ...copyAsJson(turn, whole ? "msg.messages" : name)],
    parameters: copyAsJson(request.parameters ?? {}, whole ? "msg.options" : `${name} or msg.options`),
  };
  if (request.tools) copy.tools = copyAsJson(request.tools, "msg.tools");
  return copy;
}

function isRequestFields(prompt: unknown): prompt is Record<string, unknown> {
  return isObject(prompt) && !Buffer.isBuffer(prompt);
}

function readPrompt(prompt: unknown, name: string): ChatMessage[] {
  if (Array.isArray(prompt)) return requireMessages(prompt, name);
  if (isRequestFields(prompt)) {
    const { messages } = prompt;
    if (messages !== undefined && messages !== null) return requireMessages(messages, `${name}.messages`);
    const { prompt: inner } = prompt;
    if (inner === undefined || inner === null) {
      throw new Failure(
        "invalid_request",
        `There is nothing to ask: ${name} has neither messages nor a prompt.`,
      );
    }
    if (isRequestFields(inner))
      throw createTypeFailure(`${name}.prompt`, "a string or an array of chat messages");
    return readPrompt(inner, `${name}.prompt`);
  }
  const text = typeof prompt === "number" || typeof prompt === "boolean" ? String(prompt) : prompt;
  if (text === undefined || text === null || text === "") {
    throw new Failure("invalid_request", `There is nothing to ask: ${name} is empty.`);
  }
  if (typeof text !== "string")
    throw createTypeFailure(name, "a string, an array of chat messages or an object of request fields");
  return [{ role: "user", content: text }];
}

function requireMessages(value: unknown, name: string): ChatMessage[] {
  if (!Array.isArray(value)) throw createTypeFailure(name, "an array of chat messages");
  if (value.length === 0) throw new Failure("invalid_request", `There is nothing to ask: ${name} is empty.`);
  for (const [at, message] of value.entries()) {
    if (!isObject(message) || typeof message["role"] !== "string" || message["role"] === "") {
      throw createTypeFailure(
        `${name}[${at}]`,
        "an object with a role, such as {role: “user”, content: “…”}",
      );
    }
  }
  return value as ChatMessage[];
}

function createSystemMessage(system: unknown, turn: readonly ChatMessage[]): ChatMessage[] {
  if (system === undefined || system === null || system === "") return [];
  if (typeof system !== "string") throw createTypeFailure("the system prompt", "a string");
  const given = turn.some(({ role }) => role === "system" || role === "developer");
  return given ? [] : [{ role: "system", content: system }];
}

function createTypeFailure(name: string, wanted: string): Failure {
  return new Failure("invalid_request", `${name} is not ${wanted}.`);
}
