import type { ChatMessage } from "../core/chat/chunk.js";
import { Failure } from "../core/failure.js";
import { isObject, tryParseJson } from "../core/json/parse.js";

/**
 * Parameters of Chat Completions that a client may set. All others stay behind: some cost money (`service_tier`,
 * `web_search_options`), some are a vendor's own and change where a request goes.
 */
const PARAMETERS: readonly string[] = [
  "temperature",
  "top_p",
  "top_k",
  "min_p",
  "stop",
  "seed",
  "presence_penalty",
  "frequency_penalty",
  "logit_bias",
  "logprobs",
  "top_logprobs",
  "response_format",
  "tool_choice",
  "parallel_tool_calls",
  "reasoning_effort",
  "verbosity",
  "modalities",
  "audio",
];

/** Parameters that may be a text. The others are numbers, switches, lists and objects. */
const TEXTS: ReadonlySet<string> = new Set(["stop", "tool_choice", "reasoning_effort", "verbosity"]);

const TOKEN_LIMITS: readonly string[] = ["max_completion_tokens", "max_tokens"];

const ROLES: ReadonlySet<string> = new Set(["system", "developer", "user", "assistant", "tool", "function"]);

/** Longest name of a conversation, a user or a model that is taken. */
const MAX_NAME_CHARS = 512;

/** Creates the failure of a request whose field is wrong. @param expected what the field must be */
export function createFieldFailure(field: string, expected: string): Failure {
  return new Failure("invalid_request", `The field ${field} of the request must be ${expected}.`);
}

/**
 * Refuses fields that would change the answer and that no flow can heed.
 * @param advice what to do instead, by field
 * @throws Failure `invalid_request` that names the first of them that is set
 */
export function refuseFields(
  body: Readonly<Record<string, unknown>>,
  advice: Readonly<Record<string, string>>,
): void {
  for (const [field, text] of Object.entries(advice)) {
    const value = body[field];
    const isUnset = value === undefined || value === null || value === false;
    if (isUnset || (Array.isArray(value) && value.length === 0)) continue;
    throw new Failure("invalid_request", `The field ${field} of the request is not supported here: ${text}.`);
  }
}

/** Reads a name. @returns `""` if it is missing, no text or far too long */
export function readClientName(value: unknown): string {
  return typeof value === "string" && value.length <= MAX_NAME_CHARS ? value : "";
}

/** Reads the name of a model. @throws Failure `invalid_request` if it is no text */
export function readModelField(value: unknown): string {
  if (value === undefined || value === null) return "";
  if (typeof value !== "string" || value.length > MAX_NAME_CHARS)
    throw createFieldFailure("model", "the name of a model");
  return value.trim();
}

/** Reads a switch. @throws Failure `invalid_request` if it is neither true nor false */
export function readSwitch(value: unknown, field: string, absent: boolean): boolean {
  if (value === undefined || value === null) return absent;
  if (typeof value !== "boolean") throw createFieldFailure(field, "true or false");
  return value;
}

/** Selects the parameters that a client may set. If both limits of tokens are set, `max_completion_tokens` wins. */
export function selectOptions(body: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const options: Record<string, unknown> = {};
  for (const key of PARAMETERS) if (body[key] !== undefined && body[key] !== null) options[key] = body[key];
  const maxTokens = body["max_completion_tokens"] ?? body["max_tokens"];
  if (maxTokens !== undefined && maxTokens !== null) options["max_tokens"] = maxTokens;
  return options;
}

/**
 * Reads the fields of a request from its address, where all of them are texts: a parameter that is no text is JSON there.
 * @throws Failure `invalid_request` if it is not
 */
export function readAddressFields(query: Readonly<Record<string, string>>): Record<string, unknown> {
  const fields: Record<string, unknown> = { ...query };
  for (const key of [...PARAMETERS, ...TOKEN_LIMITS]) {
    const text = query[key];
    if (text === undefined || TEXTS.has(key)) continue;
    const value = tryParseJson(text);
    if (value === undefined) throw createFieldFailure(key, "a number, or other JSON");
    fields[key] = value;
  }
  return fields;
}

/** Reads the tools that a client brings. @throws Failure `invalid_request` if they are no list of objects */
export function readClientTools(value: unknown): unknown[] | undefined {
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value) || !value.every(isObject)) throw createFieldFailure("tools", "a list of tools");
  return value.length > 0 ? value : undefined;
}

/**
 * Reads a conversation in the form of Chat Completions.
 * @throws Failure `invalid_request` that names the first message that is wrong, and what is wrong with it
 */
export function readConversation(value: unknown): ChatMessage[] {
  if (!Array.isArray(value) || value.length === 0)
    throw createFieldFailure("messages", "a list with at least one message");
  for (const [at, message] of value.entries()) checkMessage(message, `messages[${at}]`);
  return value as ChatMessage[];
}

function checkMessage(message: unknown, place: string): void {
  if (!isObject(message)) throw createFieldFailure(place, "an object with a role and a content");
  const { role, content } = message;
  if (typeof role !== "string" || !ROLES.has(role))
    throw createFieldFailure(`${place}.role`, `one of ${[...ROLES].join(", ")}`);
  if (role === "tool" && typeof message["tool_call_id"] !== "string")
    throw createFieldFailure(`${place}.tool_call_id`, "the id of the call that it answers");
  const calls = message["tool_calls"];
  if (calls !== undefined && calls !== null && !(Array.isArray(calls) && calls.every(isObject)))
    throw createFieldFailure(`${place}.tool_calls`, "a list of tool calls");
  if (content === undefined || content === null || typeof content === "string") return;
  const isParts =
    Array.isArray(content) && content.every((part) => isObject(part) && typeof part["type"] === "string");
  if (!isParts) throw createFieldFailure(`${place}.content`, "a text, or a list of parts that have a type");
}

/** Reads the text of the newest message of the user, for flows that want no more. @returns `""` without one */
export function readQuestion(messages: readonly ChatMessage[]): string {
  const content = messages.findLast(({ role }) => role === "user")?.content;
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  const texts = content.flatMap((part: unknown) =>
    isObject(part) && part["type"] === "text" && typeof part["text"] === "string" ? [part["text"]] : [],
  );
  return texts.join("\n");
}
