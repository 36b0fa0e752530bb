import type { Delta } from "../../core/chat/chunk.js";
import { Failure } from "../../core/failure.js";
import { isObject } from "../../core/json/parse.js";

/**
 * Brings a delta (or, in a whole completion, a message) into canonical form, in place: text parts become
 * text, `reasoning` becomes `reasoning_content`, a legacy `function_call` becomes a tool call; fields that
 * are null, empty or of an impossible type go.
 * @throws Failure `bad_response` where the answer's text is in no known form: it must not get lost silently
 */
export function normaliseDelta(delta: Delta): void {
  if (isPlain(delta)) return;
  const content: unknown = delta.content;
  if (Array.isArray(content)) spreadParts(delta, content);
  else if (isObject(content)) spreadParts(delta, [content]);
  else if (typeof content === "number" || typeof content === "boolean") throw strangeContent();
  if (delta.content === "") delete delta.content;
  if (typeof delta.role !== "string" || delta.role === "") delete delta.role;
  settleReasoning(delta);
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

/** The same for the message of a whole answer, in which each call is one, numbered or not. */
export function normaliseMessage(message: Delta): Delta {
  normaliseDelta(message);
  message.tool_calls?.forEach((call, at) => {
    if (isObject(call)) call["index"] ??= at;
  });
  return message;
}

/** Names of a choice's fields that are about the answer, whichever service has them. */
const ABOUT = /index|reason|stop|logprobs|usage|filter|seed|token|role|^id$/;

/** Whether a choice without delta, message and text may hold the answer in a field that is not known here. */
export function mayHoldAnswer(choice: Record<string, unknown>): boolean {
  return Object.entries(choice).some(
    // A text, list or object with something in it: numbers, flags and nulls have no keys.
    ([name, value]) => !ABOUT.test(name) && Object.keys(Object(value) as object).length > 0,
  );
}

/** Nothing but text, as most deltas are. */
function isPlain(delta: Delta): boolean {
  for (const key in delta) if (key !== "content") return false;
  return typeof delta.content === "string" && delta.content !== "";
}

function strangeContent(): Failure {
  return new Failure("bad_response", "The service sent text that is none. Check the provider and the model.");
}

/** Mistral sends `content` as parts: text, and thinking that is itself a list of texts. */
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

/** Two fields carry reasoning in the wild, some services fill both with the same text: one remains. */
function settleReasoning(delta: Delta): void {
  const encrypted = delta["reasoning_encrypted"] === true;
  const plain = delta["reasoning"];
  delete delta["reasoning"];
  if (typeof delta.reasoning_content !== "string" || delta.reasoning_content === "") {
    delete delta.reasoning_content;
    const text = typeof plain === "string" && plain !== "" ? plain : textOfDetails(delta.reasoning_details);
    if (text) delta.reasoning_content = text;
  }
  delete delta["reasoning_encrypted"];
  if (encrypted && delta.reasoning_content) {
    delta.encrypted_reasoning = delta.reasoning_content;
    delete delta.reasoning_content;
  }
}

function textOfDetails(details: unknown): string {
  if (!Array.isArray(details)) return "";
  return details
    .map((detail) => (isObject(detail) ? (detail["text"] ?? detail["summary"]) : undefined))
    .filter((text): text is string => typeof text === "string")
    .join("");
}
