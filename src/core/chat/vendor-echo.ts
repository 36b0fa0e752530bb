import { isObject } from "../json/parse.js";
import type { ChatMessage } from "./chunk.js";

/**
 * Fields in which an assistant's message keeps what only one service can read and wants back on the next turn. The
 * service's dialect writes them, its provider reads them, and everything between passes them on.
 */

/**
 * The `format` of Anthropic's entries in `reasoning_details`, as OpenRouter names it. A thinking block is
 * `{type: "reasoning.text", text, signature}`, a redacted one `{type: "reasoning.encrypted", data}`.
 */
export const ANTHROPIC_REASONING = "anthropic-claude-v1";

/**
 * Field with the blocks of Anthropic's answer that Chat Completions has no place for (server tools and their results),
 * unchanged, by their position in the answer: `{"1": {type: "server_tool_use", …}}`.
 */
export const ANTHROPIC_BLOCKS = "anthropic_blocks";

/**
 * Field with the order of the blocks in Anthropic's answer: `["thinking", 14, "block", "thinking", 20, "tool_use"]`.
 * It is set only if the order is not the usual one (thinking, text, Anthropic's own blocks, tool calls), or if a text has
 * sources that Anthropic wants back. It refuses thinking that comes back at another place.
 */
export const ANTHROPIC_ORDER = "anthropic_order";

/**
 * The next block of that kind; a number stands for that many characters of the content, an object for a block of text with
 * its sources.
 */
export type OrderEntry = "thinking" | "block" | "tool_use" | number | { text: number; citations: unknown[] };

/**
 * The `format` of Gemini's entries in `reasoning_details`, as OpenRouter names it. A thought signature of the text is
 * `{type: "reasoning.encrypted", data}`.
 */
export const GEMINI_REASONING = "google-gemini-v1";

/**
 * Field with the parts of Gemini's answer that Chat Completions has no place for (code that Gemini ran, and its
 * result), unchanged, in their order: `{"0": {executableCode: …}, "1": {codeExecutionResult: …}}`.
 */
export const GEMINI_PARTS = "gemini_parts";

/**
 * The `format` of the entries of OpenAI Responses in `reasoning_details`, as OpenRouter names it. The entries with the
 * same `index` are one reasoning item: `{type: "reasoning.summary", summary}` and `{type: "reasoning.encrypted", data}`,
 * or `{type: "reasoning.text", text}` if the service shows the model's own words and encrypts nothing.
 */
export const RESPONSES_REASONING = "openai-responses-v1";

/**
 * Field with the items of a Responses answer that Chat Completions has no place for (the service's own tools and their
 * results, compactions), unchanged, in order of appearance: `{"0": {type: "web_search_call", …}}`.
 */
export const RESPONSES_ITEMS = "responses_items";

/**
 * Field with the order of the items in a Responses answer: `["reasoning", {"text": 14, "phase": "commentary"}, "call",
 * {"item": 0}]`. It is set only if a message has a phase, or if the order is not the usual one: reasoning, text, own items,
 * tool calls.
 */
export const RESPONSES_ORDER = "responses_order";

/**
 * The next reasoning item or tool call; a message with that many characters of the content, and its phase; the item with
 * that key in `RESPONSES_ITEMS`.
 */
export type ResponsesOrderEntry = "reasoning" | "call" | { text: number; phase?: string } | { item: number };

/** The fields above that a message itself has. */
const ECHO_FIELDS = [
  ANTHROPIC_BLOCKS,
  ANTHROPIC_ORDER,
  GEMINI_PARTS,
  RESPONSES_ITEMS,
  RESPONSES_ORDER,
] as const;

/** Removes the fields above from messages, for services that do not know them. */
export function removeEchoFields(messages: readonly ChatMessage[]): readonly ChatMessage[] {
  if (!messages.some((message) => ECHO_FIELDS.some((field) => field in message))) return messages;
  return messages.map((message) => omitFields(message, ECHO_FIELDS));
}

/** Copies a message without some of its fields. */
export function omitFields(message: ChatMessage, fields: readonly string[]): ChatMessage {
  const rest = { ...message };
  for (const field of fields) delete rest[field];
  return rest;
}

/** Reads the blocks or parts in such a field, in the order of their numeric keys. */
export function readEchoParts(
  message: Readonly<Record<string, unknown>>,
  field: string,
): Record<string, unknown>[] {
  const parts = message[field];
  return isObject(parts) ? Object.values(parts).filter(isObject) : [];
}

/** Reads Google's signature of a tool call or an image from the place where Google's OpenAI-compatible API puts it. */
export function readThoughtSignature(carrier: Readonly<Record<string, unknown>>): string | undefined {
  const extra = carrier["extra_content"];
  const google = isObject(extra) ? extra["google"] : undefined;
  const signature = isObject(google) ? google["thought_signature"] : undefined;
  return typeof signature === "string" && signature !== "" ? signature : undefined;
}

/** Builds the field that `readThoughtSignature` reads; no field without a signature. */
export function buildThoughtSignature(signature: unknown): Record<string, unknown> {
  if (typeof signature !== "string" || signature === "") return {};
  return { extra_content: { google: { thought_signature: signature } } };
}

/**
 * Where a service has the reasoning of an answer, and so where it takes it back:
 *
 * - the name of the message's field: `reasoning_content`, `reasoning`;
 * - the names of a field and of a text inside its object: `thinking.text`;
 * - tags around it in the text;
 * - `""`: in blocks, which go back by themselves, or in a form that no service takes back.
 */
export type ReasoningPlace = string | ReasoningTags;

/** Tags in the answer's text, before and after the reasoning. */
export interface ReasoningTags {
  open: string;
  close: string;
}

/** Fields of a message that hold reasoning, or what proves it to its service. Services that need them want them back. */
const REASONING_FIELD =
  /^(?:encrypted_)?(?:reasoning|think(?:ing)?|thoughts?|chain_?[oO]f_?[tT]houghts?)(?:_|[A-Z]|$)/;

/** Whether a field of a message holds reasoning, whichever service named it. */
export function isReasoningField(name: string): boolean {
  return REASONING_FIELD.test(name);
}

/** Fields of an answer that a model gets back with it on the next turn, beside its role and its reasoning. */
const ECHOED_FIELDS: ReadonlySet<string> = new Set([
  "content",
  "refusal",
  "tool_calls",
  "extra_content",
  ANTHROPIC_BLOCKS,
  ANTHROPIC_ORDER,
  GEMINI_PARTS,
  RESPONSES_ITEMS,
  RESPONSES_ORDER,
]);

/** Whether a model gets a field of its answer back on the next turn. */
export function isEchoed(field: string): boolean {
  return ECHOED_FIELDS.has(field) || isReasoningField(field);
}
