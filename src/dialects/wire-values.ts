import { Failure } from "../core/failure.js";
import { isObject } from "../core/json/parse.js";

/** Reads a text from a record. @returns "" for a value of another type */
export function toText(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** Reads a number from a record. @returns undefined for a value of another type */
export function toNumber(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

/** Reads a time in the form of RFC 3339 from a record. @returns seconds since 1970; 0 if it is not such a time */
export function toUnixSeconds(value: unknown): number {
  const time = typeof value === "string" ? Date.parse(value) : Number.NaN;
  return Number.isNaN(time) ? 0 : Math.floor(time / 1000);
}

/** @returns the object in a list of one; undefined for any other list or value */
export function getOnlyObject(list: unknown): Record<string, unknown> | undefined {
  const first: unknown = Array.isArray(list) && list.length === 1 ? list[0] : undefined;
  return isObject(first) ? first : undefined;
}

/**
 * Reads an index, which some services send as text.
 * @param owner what the index belongs to, for the error
 * @throws Failure `bad_response` if it is not a whole number from 0 on
 */
export function parseIndex(value: unknown, owner: "choice" | "tool call"): number {
  const index = typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value;
  if (typeof index === "number" && Number.isInteger(index) && index >= 0) return index;
  throw new Failure("bad_response", `The service sent a ${owner} with an impossible index.`);
}
