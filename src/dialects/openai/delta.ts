import type { Delta } from "../../core/chat/chunk.js";
import { Failure } from "../../core/failure.js";
import { isObject } from "../../core/json/parse.js";

/**
 * Brings a delta, or the message of a whole answer, into canonical form, in place. Content parts become text,
 * `reasoning` becomes `reasoning_content`, a legacy `function_call` becomes a tool call. Fields that are null, empty or
 * of an impossible type are removed.
 * @throws Failure `bad_response` if the answer's text has an unknown form, so that no text is lost silently
 */
export function normaliseDelta(delta: Delta): void {
  if (hasOnlyText(delta)) return;
  const content: unknown = delta.content;
  if (Array.isArray(content)) spreadParts(delta, content);
  else if (isObject(content)) spreadParts(delta, [content]);
  else if (typeof content === "number" || typeof content === "boolean") throw createContentFailure();
  if (delta.content === "") delete delta.content;
  if (typeof delta.role !== "string" || delta.role === "") delete delta.role;
  normaliseReasoning(delta);
  if (delta["function_call"]) {
    delta.tool_calls ??= [{ index: 0, type: "function", function: delta["function_call"] as object }];
    delete delta["function_call"];
  }
  if (isObject(delta.tool_calls)) delta.tool_calls = [delta.tool_calls as never];
  for (const key in delta) {
    const value = delta[key];
    if (value === null || value === "" || (Array.isArray(value) && value.length === 0)) delete delta[key];
  }
  for (const key of ["tool_calls", "annotations", "images", "reasoning_details"] as const) {
    if (delta[key] !== undefined && !Array.isArray(delta[key])) delete delta[key];
  }
  for (const key of ["refusal", "encrypted_reasoning"] as const) {
    if (delta[key] !== undefined && typeof delta[key] !== "string") delete delta[key];
  }
  if (delta.audio !== undefined && !isObject(delta.audio)) delete delta.audio;
}

/** Normalises the message of a whole answer. Its tool calls are complete; those without an index get their position. */
export function normaliseMessage(message: Delta): Delta {
  normaliseDelta(message);
  message.tool_calls?.forEach((call, position) => {
    if (isObject(call)) call["index"] ??= position;
  });
  return message;
}

/** Names of a choice's fields that describe the answer, whichever service sends them. */
const METADATA_NAME = /index|reason|stop|logprobs|usage|filter|seed|token|role|^id$/;

/** Whether a choice without delta, message and text may have the answer in an unknown field. */
export function mayHoldAnswer(choice: Record<string, unknown>): boolean {
  return Object.entries(choice).some(
    // Only a text, list or object that is not empty has keys. Numbers, booleans and null have none.
    ([name, value]) => !METADATA_NAME.test(name) && Object.keys(Object(value) as object).length > 0,
  );
}

/** Whether a delta has text and nothing else, as most deltas do. */
function hasOnlyText(delta: Delta): boolean {
  for (const key in delta) if (key !== "content") return false;
  return typeof delta.content === "string" && delta.content !== "";
}

function createContentFailure(): Failure {
  return new Failure(
    "bad_response",
    "The service sent answer text in an unknown format. Check the provider and the model.",
  );
}

/**
 * Spreads content parts over the delta's fields. Mistral sends `content` as a list of text and of thinking, which has a
 * list of texts itself (Mistral API reference, "Chat Completion").
 */
function spreadParts(delta: Delta, parts: readonly unknown[]): void {
  let text = "";
  let thinking = "";
  for (const part of parts) {
    if (typeof part === "string") text += part;
    if (!isObject(part)) continue;
    if (typeof part["text"] === "string") text += part["text"];
    const inner = part["thinking"];
    if (typeof inner === "string") thinking += inner;
    if (Array.isArray(inner)) {
      for (const piece of inner)
        if (isObject(piece) && typeof piece["text"] === "string") thinking += piece["text"];
    }
  }
  delta.content = text;
  if (thinking) delta.reasoning_content ||= thinking;
}

/**
 * Keeps one field of reasoning: services send `reasoning_content`, `reasoning`, or both with the same text. If neither
 * has text, the readable text of `reasoning_details` counts. With `reasoning_encrypted` (Venice), the text is moved to
 * `encrypted_reasoning`.
 */
function normaliseReasoning(delta: Delta): void {
  const isEncrypted = delta["reasoning_encrypted"] === true;
  const reasoning = delta["reasoning"];
  delete delta["reasoning"];
  if (typeof delta.reasoning_content !== "string" || delta.reasoning_content === "") {
    delete delta.reasoning_content;
    const text =
      typeof reasoning === "string" && reasoning !== "" ? reasoning : joinDetails(delta.reasoning_details);
    if (text) delta.reasoning_content = text;
  }
  delete delta["reasoning_encrypted"];
  if (isEncrypted && delta.reasoning_content) {
    delta.encrypted_reasoning = delta.reasoning_content;
    delete delta.reasoning_content;
  }
}

/** Joins the texts and summaries of OpenRouter's `reasoning_details`. */
function joinDetails(details: unknown): string {
  if (!Array.isArray(details)) return "";
  return details
    .map((detail) => (isObject(detail) ? (detail["text"] ?? detail["summary"]) : undefined))
    .filter((text): text is string => typeof text === "string")
    .join("");
}
