import { isObject, isWithinDepth, mayNestDeeper, parseJson } from "../json/parse.js";
import { findJsonFaultPosition } from "../json/scanner.js";
import type { SchemaCheck } from "../json/schema.js";
import { DEFAULT_LIMITS } from "../limits.js";

/** The arguments of a tool call, or a sentence for the model that says what is wrong with them. */
export type ReadArguments = { value: Record<string, unknown> } | { problem: string };

/**
 * Reads the arguments that a model wrote for a tool call. Nothing is repaired. A problem never quotes the arguments,
 * because they may contain secrets.
 * @param check the check against the tool's schema; undefined if the tool has none
 */
export function readArguments(text: string, check: SchemaCheck | undefined): ReadArguments {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch {
    const at = findJsonFaultPosition(text);
    if (at === undefined)
      return { problem: "The arguments have a forbidden key (__proto__ or constructor)." };
    return { problem: `The arguments are not JSON: they end or go wrong at character ${at}.` };
  }
  if (!isObject(value)) return { problem: "The arguments are not a JSON object." };
  const { depth } = DEFAULT_LIMITS;
  if (mayNestDeeper(text, depth) && !isWithinDepth(value, depth)) {
    return { problem: `The arguments nest deeper than ${depth} levels.` };
  }
  const fault = check?.(value);
  return fault === undefined
    ? { value }
    : { problem: `The arguments do not match the tool's schema: ${fault}.` };
}
