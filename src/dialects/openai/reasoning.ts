import { DELTA_FIELDS, type Delta } from "../../core/chat/chunk.js";
import type { ReasoningPlace } from "../../core/chat/vendor-echo.js";
import { isObject } from "../../core/json/parse.js";

/**
 * Names of fields with readable reasoning, beside `reasoning_content`: `reasoning`, `reasoning_text`, `internal_thoughts`,
 * `reason_content`. Others that begin so, such as `reasoning_tokens`, are about it.
 */
export const REASONING_NAME =
  /^(?:(?:deep|inner|internal|hidden|model|raw|full|extended|visible|assistant)[_-]?)?(?:reasoning|reason(?=[_-]?(?:content|text))|think(?:ing)?|thoughts?|cot|chain[_-]?of[_-]?thoughts?|rationale|scratchpad|monologue)(?:[_-]?(?:details?[_-]?text|content|text|summary|trace|steps?|delta|output|log|parts?|chunk|message|response))?$/i;

/** Names of lists of blocks that have the reasoning and go back as they came: `reasoning_details`, `thinking_blocks`. */
const BLOCKS_NAME = /^(?:reasoning|thinking|thought)_?(?:details|blocks|items)$/i;

/** Fields of an object that may have its reasoning, the most specific first. */
const TEXT_FIELDS = [
  "thinking",
  "reasoning",
  "thought",
  "reasoning_content",
  "reasoning_text",
  "text",
  "summary",
  "content",
  "value",
] as const;

/** How deeply objects and lists with reasoning may nest. */
const MAX_DEPTH = 4;

/**
 * Keeps one field of reasoning. Services send `reasoning_content`, `reasoning` or another name, as text, object or list, and
 * some send several of them with the same text. If none has text, the readable text of blocks counts. With
 * `reasoning_encrypted` (Venice), the text is moved to `encrypted_reasoning`.
 * @returns where the reasoning was; undefined if the delta has none
 */
export function normaliseReasoning(delta: Delta): ReasoningPlace | undefined {
  const isEncrypted = delta["reasoning_encrypted"] === true;
  delete delta["reasoning_encrypted"];
  let place = takeReasoning(delta, "reasoning_content");
  let blocks: unknown = delta.reasoning_details;
  for (const name in delta) {
    if (DELTA_FIELDS.has(name)) continue;
    if (REASONING_NAME.test(name)) {
      const other = takeReasoning(delta, name);
      place ??= other;
    } else if (BLOCKS_NAME.test(name)) blocks ??= delta[name];
  }
  // The blocks stay as they are, because their service wants them back.
  if (place === undefined && Array.isArray(blocks)) {
    const text = readReasoningText(blocks);
    if (text !== "") {
      delta.reasoning_content = text;
      place = "";
    }
  }
  if (isEncrypted && delta.reasoning_content) {
    delta.encrypted_reasoning = delta.reasoning_content;
    delete delta.reasoning_content;
  }
  return place;
}

/** Reads the readable reasoning of a text, an object or a list of both. */
export function readReasoningText(value: unknown, depth: number = MAX_DEPTH): string {
  if (typeof value === "string") return value;
  if (depth === 0) return "";
  if (Array.isArray(value)) return value.map((entry) => readReasoningText(entry, depth - 1)).join("");
  const name = isObject(value) ? findTextField(value) : undefined;
  return name === undefined ? "" : readReasoningText((value as Record<string, unknown>)[name], depth - 1);
}

/**
 * Moves the reasoning of a field to `reasoning_content`, unless that has some already. What an object has beside its text
 * stays.
 * @returns where it was; undefined if the field has no reasoning
 */
function takeReasoning(delta: Delta, name: string): ReasoningPlace | undefined {
  const value: unknown = delta[name];
  if (value === undefined) return undefined;
  const isCommonName = name === "reasoning_content";
  const text = readReasoningText(value);
  if (text === "") {
    // A value of another kind, such as a number of seconds, is no reasoning.
    if (isCommonName || name === "reasoning" || typeof value === "string") delete delta[name];
    return undefined;
  }
  const field = isObject(value) ? findTextField(value)! : "";
  delete delta[name];
  if (isCommonName || !delta.reasoning_content) delta.reasoning_content = text;
  if (!isObject(value)) return Array.isArray(value) ? "" : name;
  const { [field]: inner, type: _type, index: _index, ...rest } = value;
  if (!isCommonName && Object.keys(rest).length > 0) delta[name] = rest;
  return typeof inner === "string" ? `${name}.${field}` : "";
}

function findTextField(object: Readonly<Record<string, unknown>>): string | undefined {
  return TEXT_FIELDS.find((field) => {
    const value = object[field];
    return value !== undefined && value !== null && value !== "";
  });
}
