import { isObject } from "../json/parse.js";
import { type Chunk, DELTA_LISTS, DELTA_TEXTS } from "./chunk.js";

/**
 * Checks a chunk that arrived on a message, where a flow or a broker may have changed it.
 * @returns the chunk itself; undefined if it is not in the common form
 */
export function readChunk(value: unknown): Chunk | undefined {
  if (!isObject(value) || !Array.isArray(value["choices"])) return undefined;
  return value["choices"].every(isChoice) ? (value as unknown as Chunk) : undefined;
}

function isChoice(choice: unknown): boolean {
  if (!isObject(choice) || !isIndex(choice["index"]) || !isTextOrAbsent(choice["finish_reason"]))
    return false;
  return isObject(choice["delta"]) && isDelta(choice["delta"]);
}

function isDelta(delta: Record<string, unknown>): boolean {
  if (!isTextOrAbsent(delta["role"])) return false;
  for (const key of DELTA_TEXTS) if (!isTextOrAbsent(delta[key])) return false;
  for (const key of DELTA_LISTS) if (!isListOrAbsent(delta[key])) return false;
  if (isPresent(delta["audio"]) && !isObject(delta["audio"])) return false;
  const calls = delta["tool_calls"];
  return isListOrAbsent(calls) && ((calls ?? []) as unknown[]).every(isToolCallPiece);
}

function isToolCallPiece(piece: unknown): boolean {
  if (!isObject(piece) || !isIndex(piece["index"])) return false;
  return (
    isTextOrAbsent(piece["whole_input"]) &&
    hasTexts(piece["function"], "name", "arguments") &&
    hasTexts(piece["custom"], "name", "input")
  );
}

/** Whether a value is absent, or an object whose fields of these names are texts or absent. */
function hasTexts(value: unknown, ...names: readonly string[]): boolean {
  return !isPresent(value) || (isObject(value) && names.every((name) => isTextOrAbsent(value[name])));
}

function isIndex(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 0;
}

function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function isTextOrAbsent(value: unknown): boolean {
  return !isPresent(value) || typeof value === "string";
}

function isListOrAbsent(value: unknown): boolean {
  return !isPresent(value) || Array.isArray(value);
}
