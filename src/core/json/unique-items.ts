import type { FuncKeywordDefinition } from "ajv";
import { isObject } from "./parse.js";

/**
 * The keyword `uniqueItems` of JSON Schema. The validator's own compares each item with each other item, which takes
 * quadratic time in what a model wrote.
 */
export const UNIQUE_ITEMS: FuncKeywordDefinition = {
  keyword: "uniqueItems",
  type: "array",
  schemaType: "boolean",
  error: { message: "must NOT have duplicate items" },
  validate: (isDemanded: boolean, list: readonly unknown[]) =>
    !isDemanded || new Set(list.map(toSortedJson)).size === list.length,
};

/** Writes a value as JSON, with the members of its objects in alphabetical order, so that equal values have the same text. */
function toSortedJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(toSortedJson).join()}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const members = Object.keys(value).sort();
  return `{${members.map((key) => `${JSON.stringify(key)}:${toSortedJson(value[key])}`).join()}}`;
}
