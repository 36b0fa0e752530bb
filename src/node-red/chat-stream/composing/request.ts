import type { ChatMessage } from "../../../core/chat/chunk.js";
import type { ChatRequest } from "../../../core/chat/request.js";
import { Failure } from "../../../core/failure.js";
import { isObject } from "../../../core/json/parse.js";
import type { Message } from "../../red/api.js";
import { copyAsJson } from "../../red/plain-copy.js";
import { sealSystemMessage, takeSealedMessages } from "./system-prompt.js";

/** The parts of a request that come from the node's settings. */
export interface RequestSettings {
  model: string;
  /** System prompt: the value of a typed input, so it may be anything. */
  system: unknown;
  /** Request fields, by their names in Chat Completions. */
  parameters: Record<string, unknown>;
  /** Whether the system prompt may be read in the messages of the stream. */
  showsSystem: boolean;
}

/** A request, and which of its messages the conversation grows by if the stream succeeds. */
export interface ComposedRequest {
  request: ChatRequest;
  /** The system message that goes before the others; empty if there is none. */
  system: ChatMessage[];
  /** Whether the system message may be read in the messages of the stream. */
  showsSystem: boolean;
  /** The new messages; if the message brings `msg.messages`, the whole conversation. */
  turn: ChatMessage[];
  /** Whether `turn` is the whole conversation and no history goes before it. */
  isWholeConversation: boolean;
}

/** Fields of a prompt object that do not go into the request's parameters. */
const REQUEST_FIELDS: ReadonlySet<string> = new Set(["messages", "prompt", "model", "tools", "system"]);

/** How deeply bytes can stand in a content: in a picture of a result of a tool. */
const CONTENT_DEPTH = 6;

/** Whether a message brings the whole conversation (`msg.messages`) and needs no prompt. */
export function bringsMessages(message: Message): boolean {
  return message.messages !== undefined;
}

/**
 * Merges the prompt, the message's overrides and the node's settings into a request without history. If a field is set in
 * several places, the first of these wins: a property of the message, `msg.options`, the prompt object, the setting.
 * @param prompt a string, an array of chat messages, or an object of request fields; ignored if the message brings the
 *   whole conversation
 * @param name describes the prompt in the author's terms, for errors
 * @throws Failure `invalid_request` that names the property and what is wrong with it
 */
export function mergeRequest(
  prompt: unknown,
  name: string,
  message: Message,
  settings: RequestSettings,
): ComposedRequest {
  const isWholeConversation = bringsMessages(message);
  const fields = !isWholeConversation && isRequestFields(prompt) ? prompt : {};
  const asked = isWholeConversation
    ? requireMessages(message.messages, "msg.messages")
    : readPrompt(prompt, name);
  // A request that comes back, from a node or a page, has the system prompt with which it was first asked.
  const { system: earlier, rest: turn } = takeSealedMessages(asked);
  if (turn.length === 0) throw createEmptyFailure(isWholeConversation ? "msg.messages" : name);
  const options = message.options ?? {};
  if (!isObject(options)) throw createTypeFailure("msg.options", options, "an object of request fields");

  const { parameters: defaults } = settings;
  const parameters: Record<string, unknown> = {};
  for (const source of [defaults, fields, options]) {
    for (const [key, value] of Object.entries(source)) if (!REQUEST_FIELDS.has(key)) parameters[key] = value;
  }
  const models = [message.model, options["model"], fields["model"], defaults["model"]];
  const model = models.find((value) => (value ?? "") !== "") ?? settings.model;
  if (typeof model !== "string") throw createTypeFailure("The model (msg.model)", model, "a string");
  const tools = message.tools ?? options["tools"] ?? fields["tools"] ?? defaults["tools"];
  if (tools !== undefined && !Array.isArray(tools))
    throw createTypeFailure("msg.tools", tools, "an array of tools");

  const request: ChatRequest = { model: model.trim(), messages: turn, parameters };
  if (tools) request.tools = tools;
  return {
    request,
    system: earlier ? [earlier] : createSystemMessage(fields["system"] ?? settings.system, turn),
    // What another node has sealed stays sealed.
    showsSystem: settings.showsSystem && !earlier,
    turn,
    isWholeConversation,
  };
}

/**
 * Creates the request that is sent: the system message, the history, then the new messages. It is a copy, so a flow that
 * changes its message later does not change the request.
 * @param name describes the prompt in the author's terms, for errors
 * @throws Failure `invalid_request` if a value cannot be written as JSON
 */
export function addHistory(
  { request, system, turn, isWholeConversation }: ComposedRequest,
  history: readonly ChatMessage[],
  name: string,
): ChatRequest {
  const turnName = isWholeConversation ? "msg.messages" : name;
  const parametersName = isWholeConversation ? "msg.options" : `${name} or msg.options`;
  const copy: ChatRequest = {
    model: request.model,
    messages: [...system, ...(isWholeConversation ? [] : history), ...copyAsJson(turn, turnName)],
    parameters: copyAsJson(request.parameters ?? {}, parametersName),
  };
  if (request.tools) copy.tools = copyAsJson(request.tools, "msg.tools");
  return copy;
}

/** The request as the last message of the stream has it. */
export function hideSystemPrompt({ request, system, showsSystem }: ComposedRequest): ChatRequest {
  if (showsSystem || system.length === 0) return request;
  const [first, ...others] = request.messages;
  if (!first) return request;
  return { ...request, messages: [sealSystemMessage(first), ...others] };
}

function isRequestFields(prompt: unknown): prompt is Record<string, unknown> {
  return isObject(prompt) && !Buffer.isBuffer(prompt);
}

/** Reads the new messages from a prompt: chat messages, request fields with `messages` or `prompt`, or a text. */
function readPrompt(prompt: unknown, name: string): ChatMessage[] {
  if (Array.isArray(prompt)) return requireMessages(prompt, name);
  if (isRequestFields(prompt)) {
    const { messages } = prompt;
    if (messages !== undefined && messages !== null) return requireMessages(messages, `${name}.messages`);
    const { prompt: inner } = prompt;
    if (inner === undefined || inner === null) {
      throw new Failure(
        "invalid_request",
        `${name} is an object without prompt or messages. Add one of them.`,
      );
    }
    if (isRequestFields(inner))
      throw createTypeFailure(`${name}.prompt`, inner, "a string or an array of chat messages");
    return readPrompt(inner, `${name}.prompt`);
  }
  const text = typeof prompt === "number" || typeof prompt === "boolean" ? String(prompt) : prompt;
  if (text === undefined || text === null || text === "") {
    throw createEmptyFailure(name);
  }
  if (typeof text !== "string")
    throw createTypeFailure(name, text, "a string, an array of chat messages or an object of request fields");
  return [{ role: "user", content: text }];
}

function requireMessages(value: unknown, name: string): ChatMessage[] {
  if (!Array.isArray(value)) throw createTypeFailure(name, value, "an array of chat messages");
  if (value.length === 0) throw createEmptyFailure(name);
  for (const [index, message] of value.entries()) checkMessage(message, `${name}[${index}]`);
  return value as ChatMessage[];
}

function checkMessage(message: unknown, name: string): void {
  if (!isObject(message))
    throw createTypeFailure(name, message, "an object with a role, such as {role: “user”, content: “…”}");
  const { role, content } = message;
  if (typeof role !== "string" || role === "")
    throw createMessageFailure(`${name} has no role. Add one, such as role: “user”.`);
  if (hasBytes(content, CONTENT_DEPTH))
    throw createMessageFailure(
      `${name} has a Buffer in its content. Send a picture or a file as a data URL, such as “data:image/png;base64,…”, and a text as a string.`,
    );
}

/** Whether there are bytes in a content, which JSON would turn into a list of numbers. */
function hasBytes(value: unknown, depth: number): boolean {
  if (typeof value !== "object" || value === null || depth === 0) return false;
  if (ArrayBuffer.isView(value)) return true;
  const { type, data } = value as Record<string, unknown>;
  // A Buffer that has been JSON, as behind a broker.
  if (type === "Buffer" && Array.isArray(data)) return true;
  return Object.values(value).some((member) => hasBytes(member, depth - 1));
}

function createMessageFailure(text: string): Failure {
  return new Failure("invalid_request", text);
}

/** @returns an empty array if there is no system prompt, or if the turn has a system message of its own */
function createSystemMessage(system: unknown, turn: readonly ChatMessage[]): ChatMessage[] {
  const content = typeof system === "number" || typeof system === "boolean" ? String(system) : system;
  if (content === undefined || content === null || content === "") return [];
  if (typeof content !== "string") throw createTypeFailure("The system prompt", content, "a string");
  const hasSystem = turn.some(({ role }) => role === "system" || role === "developer");
  return hasSystem ? [] : [{ role: "system", content }];
}

function createEmptyFailure(name: string): Failure {
  return createMessageFailure(
    `The prompt is empty: ${name} has no text and no messages. Put the question there.`,
  );
}

function createTypeFailure(name: string, value: unknown, expected: string): Failure {
  const advice = Buffer.isBuffer(value) ? " Set the node that makes it, such as read file, to text." : "";
  return new Failure("invalid_request", `${name} must be ${expected}, but is ${nameType(value)}.${advice}`);
}

function nameType(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Buffer.isBuffer(value)) return "a Buffer";
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}
