import type { Usage } from "../../core/chat/chunk.js";
import { isObject } from "../../core/json/parse.js";

/**
 * Finds the usage: in the chunk, in its first choice (Moonshot) or in `x_groq` (Groq). A usage with nothing but zeros is
 * a placeholder.
 */
export function findUsage(
  record: Record<string, unknown>,
  choices: Record<string, unknown>[],
): Usage | undefined {
  const groq = isObject(record["x_groq"]) ? record["x_groq"]["usage"] : undefined;
  for (const usage of [record["usage"], choices[0]?.["usage"], groq]) {
    if (isObject(usage) && hasCount(usage)) return usage;
  }
  return undefined;
}

/** Whether a usage has a count other than 0, at any depth. */
function hasCount(value: unknown): boolean {
  return isObject(value) ? Object.values(value).some(hasCount) : Boolean(value);
}
