import { isObject } from "../json/parse.js";
import type { ChatMessage } from "./chunk.js";

/**
 * How an assistant's message keeps what one service alone can read and wants back on the next turn. Written by that
 * service's dialect, read by its provider, carried through by everything between.
 */

/**
 * Marks the entries of `reasoning_details` that are Anthropic's (OpenRouter's name for them): a thinking block is
 * `{type: "reasoning.text", text, signature}`, a redacted one `{type: "reasoning.encrypted", data}`.
 */
export const ANTHROPIC_REASONING = "anthropic-claude-v1";

/**
 * A message's field with the blocks of Anthropic's answer that Chat Completions has no place for (server tools and their
 * results), as they came, by their place in the answer: `{"1": {type: "server_tool_use", …}}`.
 */
export const ANTHROPIC_BLOCKS = "anthropic_blocks";

/**
 * A message's field with the order in which the blocks of Anthropic's answer came, where it is another than thinking,
 * text, its own blocks, calls: `["thinking", 14, "block", "thinking", 20, "tool_use"]`. Thinking may not be sent back
 * elsewhere than it stood.
 */
export const ANTHROPIC_ORDER = "anthropic_order";

/** The next block of that kind; a number is so many characters of the content. */
export type OrderEntry = "thinking" | "block" | "tool_use" | number;

/**
 * Marks the entries of `reasoning_details` that are Gemini's (OpenRouter's name for them): a thought signature of the
 * text is `{type: "reasoning.encrypted", data}`.
 */
export const GEMINI_REASONING = "google-gemini-v1";

/**
 * A message's field with the parts of Gemini's answer that Chat Completions has no place for (code that it ran and what
 * came of it), as they came, in their order: `{"0": {executableCode: …}, "1": {codeExecutionResult: …}}`.
 */
export const GEMINI_PARTS = "gemini_parts";

/** What this package has added to messages for one service alone. */
const ECHO_FIELDS = [ANTHROPIC_BLOCKS, ANTHROPIC_ORDER, GEMINI_PARTS] as const;

/** Messages as any service takes them: without the fields that this package has added for one alone. */
export function removeEchoFields(messages: readonly ChatMessage[]): readonly ChatMessage[] {
  if (!messages.some((message) => ECHO_FIELDS.some((field) => field in message))) return messages;
  return messages.map((message) => omitFields(message, ECHO_FIELDS));
}

/** A copy without some of its fields. */
export function omitFields(message: ChatMessage, fields: readonly string[]): ChatMessage {
  const rest = { ...message };
  for (const field of fields) delete rest[field];
  return rest;
}

/** What a service's own field of a message keeps, in its order: keys that are numbers stand in theirs. */
export function readEchoParts(
  message: Readonly<Record<string, unknown>>,
  field: string,
): Record<string, unknown>[] {
  const kept = message[field];
  return isObject(kept) ? Object.values(kept).filter(isObject) : [];
}

/** What a tool call or an image carries of Google's, as its own OpenAI-compatible API has it. */
export function readThoughtSignature(carrier: Readonly<Record<string, unknown>>): string | undefined {
  const extra = carrier["extra_content"];
  const google = isObject(extra) ? extra["google"] : undefined;
  const signature = isObject(google) ? google["thought_signature"] : undefined;
  return typeof signature === "string" && signature !== "" ? signature : undefined;
}

/** The field that `thoughtSignature` reads; nothing where there is no signature. */
export function buildThoughtSignature(signature: unknown): Record<string, unknown> {
  if (typeof signature !== "string" || signature === "") return {};
  return { extra_content: { google: { thought_signature: signature } } };
}
