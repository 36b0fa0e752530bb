import { isObject, isWithinDepth, mayNestDeeper, parseJson } from "../json/parse.js";
import { findJsonFaultPosition } from "../json/scanner.js";
import type { SchemaCheck } from "../json/schema.js";
import { DEFAULT_LIMITS } from "../limits.js";

/** Arguments that a tool can be given, or what is wrong with them, for the model to read. */
export type ReadArguments = { value: Record<string, unknown> } | { wrong: string };

/**
 * Reads the arguments that a model wrote. As they stand: nothing is repaired, and no part of them is quoted.
 * @param check of the tool's schema; undefined where there is none
 */
export function readArguments(text: string, check: SchemaCheck | undefined): ReadArguments {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch {
    const at = findJsonFaultPosition(text);
    if (at === undefined) return { wrong: "The arguments have a forbidden key (__proto__ or constructor)." };
    return { wrong: `The arguments are not JSON: they break off or go wrong at character ${at}.` };
  }
  if (!isObject(value)) return { wrong: "The arguments are not a JSON object." };
  const { depth } = DEFAULT_LIMITS;
  if (mayNestDeeper(text, depth) && !isWithinDepth(value, depth)) {
    return { wrong: `The arguments nest deeper than ${depth}.` };
  }
  const fault = check?.(value);
  return fault === undefined ? { value } : { wrong: `The arguments do not fit the tool's schema: ${fault}.` };
}
