import { isObject } from "../json/parse.js";
import type { Chunk } from "./chunk.js";

const TEXTS = ["role", "content", "reasoning_content", "encrypted_reasoning", "refusal"] as const;
const LISTS = ["tool_calls", "annotations", "images", "reasoning_details"] as const;

/**
 * A chunk that came on a message: anything may have happened to it on its way.
 * @returns undefined where it is none in canonical form
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
  for (const key of TEXTS) if (isPresent(delta[key]) && typeof delta[key] !== "string") return false;
  for (const key of LISTS) if (isPresent(delta[key]) && !Array.isArray(delta[key])) return false;
  if (isPresent(delta["audio"]) && !isObject(delta["audio"])) return false;
  const calls = delta["tool_calls"] as unknown[] | null | undefined;
  return (calls ?? []).every(isToolCallPiece);
}

function isToolCallPiece(piece: unknown): boolean {
  if (!isObject(piece) || !isIndex(piece["index"])) return false;
  const said = piece["function"];
  if (!isPresent(said)) return true;
  return isObject(said) && isTextOrAbsent(said["name"]) && isTextOrAbsent(said["arguments"]);
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
