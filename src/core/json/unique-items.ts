import type { FuncKeywordDefinition } from "ajv";
import { toSortedJson } from "./sorted-json.js";

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
