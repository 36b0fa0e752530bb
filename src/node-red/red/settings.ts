import { Failure } from "../../core/failure.js";
import { isObject, tryParseJson } from "../../core/json/parse.js";

/** Reads a number above 0, as editors (text) and hand-written flows have it. Anything else gives the default. */
export function readPositiveNumber(value: unknown, defaultValue: number): number {
  const number = Number(value);
  return Number.isFinite(number) && number > 0 ? number : defaultValue;
}

/** Bounds of a number setting, if it has any. */
interface NumberRange {
  /** The smallest number allowed. */
  min?: number;
  /** The number must be greater than this. */
  above?: number;
}

/**
 * Reads a number setting.
 * @param name names the setting in the error, such as “setting temperature”
 * @returns undefined if the setting is empty
 * @throws Failure `configuration` if it is not a number or out of range
 */
export function readNumber(
  value: unknown,
  name: string,
  { min, above }: NumberRange = {},
): number | undefined {
  if (value === undefined || value === null || value === "") return undefined;
  const number = Number(value);
  const isInRange = (min === undefined || number >= min) && (above === undefined || number > above);
  if (Number.isFinite(number) && isInRange) return number;
  const range = min !== undefined ? ` of at least ${min}` : above !== undefined ? ` above ${above}` : "";
  throw new Failure("configuration", `The ${name} must be a number${range}. Correct it, or leave it empty.`);
}

/**
 * Reads a setting that is a JSON object, as text or as an object.
 * @param name names the setting in the error
 * @returns undefined if the setting is empty
 * @throws Failure `configuration` if it is not a JSON object
 */
export function readJsonObject(value: unknown, name: string): Record<string, unknown> | undefined {
  if (!value) return undefined;
  const object = typeof value === "string" ? tryParseJson(value) : value;
  if (isObject(object)) return object;
  throw new Failure("configuration", `The ${name} must be a JSON object. Correct it, or leave it empty.`);
}
