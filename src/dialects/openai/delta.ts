import type { Delta } from "../../core/chat/chunk.js";
import type { ReasoningPlace } from "../../core/chat/vendor-echo.js";
import { Failure } from "../../core/failure.js";
import { isObject } from "../../core/json/parse.js";
import { spreadParts } from "./answer-parts.js";
import { normaliseReasoning } from "./reasoning.js";

/**
 * Brings a delta, or the message of a whole answer, into the common form, in place. Content parts become text and other
 * fields, reasoning of any name becomes `reasoning_content`, a legacy `function_call` becomes a tool call. Fields that are
 * null, empty or of an impossible type are removed.
 * @returns where the service has its reasoning; undefined if the delta has none
 * @throws Failure `bad_response` if the answer's text has an unknown form, so that no text is lost silently
 */
export function normaliseDelta(delta: Delta): ReasoningPlace | undefined {
  if (hasOnlyText(delta)) return undefined;
  const content: unknown = delta.content;
  let hasThoughts = false;
  if (Array.isArray(content)) hasThoughts = spreadParts(delta, content);
  else if (isObject(content)) hasThoughts = spreadParts(delta, [content]);
  else if (typeof content === "number" || typeof content === "boolean") throw createContentFailure();
  if (delta.content === "") delete delta.content;
  if (typeof delta.role !== "string" || delta.role === "") delete delta.role;
  const place = normaliseReasoning(delta);
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
  return hasThoughts ? "" : place;
}

/**
 * Normalises the message of a whole answer. Its tool calls are complete; those without an index get their position.
 * @returns as `normaliseDelta`
 */
export function normaliseMessage(message: Delta): ReasoningPlace | undefined {
  const place = normaliseDelta(message);
  message.tool_calls?.forEach((call, position) => {
    if (isObject(call)) call["index"] ??= position;
  });
  return place;
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
