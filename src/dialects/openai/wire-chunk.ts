import type { Chunk } from "../../core/chat/chunk.js";
import { isObject } from "../../core/json/parse.js";

/** Removes a field. A null one only becomes undefined, since V8 is slow with an object that has had a field deleted. */
export function dropField(object: Record<string, unknown>, field: string): void {
  if (object[field] === null) object[field] = undefined;
  else if (object[field] !== undefined) delete object[field];
}

/** Removes the fields that `dropField` left undefined, for a chunk that goes to the flow. */
export function removeUndefinedFields(chunk: Chunk): void {
  for (const part of [chunk, ...chunk.choices])
    for (const key in part) if (part[key] === undefined) delete part[key];
}

/** Whether a record is of an unknown dialect, which can be skipped. The records of OpenAI Responses have a type. */
export function isUnknownDialect(record: Record<string, unknown>): boolean {
  return typeof record["type"] === "string" && !isObject(record["usage"]);
}

/** Whether a value in `choices` can be read as a choice. */
export function isChoice(choice: unknown): choice is Record<string, unknown> {
  return isObject(choice) && isObject(choice["delta"] ?? {});
}

/** Whether token probabilities are there and not empty. */
export function hasLogprobs(logprobs: unknown): boolean {
  if (!isObject(logprobs)) return false;
  return [logprobs["content"], logprobs["refusal"]].some((list) => Array.isArray(list) && list.length > 0);
}
