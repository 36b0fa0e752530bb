import type { Usage } from "../../core/chat/chunk.js";
import { isObject } from "../../core/json/parse.js";

/** Names of the counts in Chat Completions, by their names in Responses. */
const NAMES: readonly (readonly [string, string])[] = [
  ["input_tokens", "prompt_tokens"],
  ["output_tokens", "completion_tokens"],
  ["total_tokens", "total_tokens"],
  ["input_tokens_details", "prompt_tokens_details"],
  ["output_tokens_details", "completion_tokens_details"],
];

/**
 * Reads the usage of an answer, under the names of Chat Completions and under its own. `completion_tokens` include the
 * tokens of reasoning.
 * @returns undefined if the service counted nothing
 */
export function readResponsesUsage(usage: unknown): Usage | undefined {
  if (!isObject(usage)) return undefined;
  const { input_tokens: input, output_tokens: output } = usage;
  if (!input && !output && !usage["total_tokens"]) return undefined;
  const read: Usage = {};
  for (const [name, chatName] of NAMES) {
    const value = usage[name];
    if (value !== null && value !== undefined) read[chatName] = structuredClone(value);
  }
  if (read["total_tokens"] === undefined && typeof input === "number" && typeof output === "number") {
    read["total_tokens"] = input + output;
  }
  return { ...read, ...structuredClone(usage) };
}
