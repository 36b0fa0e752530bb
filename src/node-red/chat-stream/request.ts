import type { ChatMessage } from "../../core/chat/chunk.js";
import type { ChatRequest } from "../../core/chat/request.js";
import { Failure } from "../../core/failure.js";
import { isObject } from "../../core/json/parse.js";
import type { Message } from "../red/api.js";
import { plainCopy } from "../red/plain-copy.js";

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
export function composeAsk(prompt: unknown, name: string, message: Message, settings: RequestSettings): Ask {
  const whole = bringsMessages(message);
  const fields = !whole && isRequestFields(prompt) ? prompt : {};
  const turn = whole ? messagesFrom(message.messages, "msg.messages") : turnFrom(prompt, name);
  const options = message.options ?? {};
  if (!isObject(options)) throw wrong("msg.options", "an object of request fields");

  const { parameters: fixed } = settings;
  const parameters: Record<string, unknown> = {};
  for (const source of [fixed, fields, options]) {
    for (const [key, value] of Object.entries(source)) if (!ASK_FIELDS.has(key)) parameters[key] = value;
  }
  const named = [message.model, options["model"], fields["model"], fixed["model"]];
  const model = named.find((value) => (value ?? "") !== "") ?? settings.model;
  if (typeof model !== "string") throw wrong("The model (msg.model)", "a string");
  const tools = message.tools ?? options["tools"] ?? fields["tools"] ?? fixed["tools"];
  if (tools !== undefined && !Array.isArray(tools)) throw wrong("msg.tools", "an array of tools");

  const request: ChatRequest = { model: model.trim(), messages: turn, parameters };
  if (tools) request.tools = tools;
  return { request, system: systemFrom(fields["system"] ?? settings.system, turn), turn, whole };
}

/**
 * The request as it is sent, a copy of its own: system, history, then what is new.
 * @param name how the author calls the prompt, for errors
 * @throws Failure `invalid_request` for what JSON cannot hold
 */
export function withHistory(ask: Ask, history: readonly ChatMessage[], name: string): ChatRequest {
  const { request, system, turn, whole } = ask;
  const copy: ChatRequest = {
    model: request.model,
    messages: [...system, ...(whole ? [] : history), ...plainCopy(turn, whole ? "msg.messages" : name)],
    parameters: plainCopy(request.parameters ?? {}, whole ? "msg.options" : `${name} or msg.options`),
  };
  if (request.tools) copy.tools = plainCopy(request.tools, "msg.tools");
  return copy;
}

function isRequestFields(prompt: unknown): prompt is Record<string, unknown> {
  return isObject(prompt) && !Buffer.isBuffer(prompt);
}

function turnFrom(prompt: unknown, name: string): ChatMessage[] {
  if (Array.isArray(prompt)) return messagesFrom(prompt, name);
  if (isRequestFields(prompt)) {
    const { messages } = prompt;
    if (messages !== undefined && messages !== null) return messagesFrom(messages, `${name}.messages`);
    const { prompt: inner } = prompt;
    if (inner === undefined || inner === null) {
      throw new Failure(
        "invalid_request",
        `There is nothing to ask: ${name} has neither messages nor a prompt.`,
      );
    }
    if (isRequestFields(inner)) throw wrong(`${name}.prompt`, "a string or an array of chat messages");
    return turnFrom(inner, `${name}.prompt`);
  }
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
