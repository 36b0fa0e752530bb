import { isObject } from "./parse.js";

/** Writes a value as JSON, with the members of its objects in alphabetical order, so that equal values have the same text. */
export function toSortedJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(toSortedJson).join()}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const members = Object.keys(value).sort();
  return `{${members.map((key) => `${JSON.stringify(key)}:${toSortedJson(value[key])}`).join()}}`;
}

/** Whether two values are the same JSON. What cannot be written as JSON is the same as nothing. */
export function isSameJson(one: unknown, other: unknown): boolean {
  try {
    return toSortedJson(one) === toSortedJson(other);
  } catch {
    return false;
  }
}
