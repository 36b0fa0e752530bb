import { MAX_TIMER_MS } from "../../core/clock.js";
import { Failure } from "../../core/failure.js";
import { isObject, tryParseJson } from "../../core/json/parse.js";

/**
 * Reads a setting that is a text. A variable in its place may be of another type: a number becomes text.
 * @param label names the setting in the author's terms: “API key”
 * @param findVariable finds the variable in its place, if there is one
 * @returns `""` if the setting is missing
 * @throws Failure `configuration` if it is anything else
 */
export function readTextSetting(
  value: unknown,
  label: string,
  findVariable: () => string | undefined = () => undefined,
): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "string") return value;
  if (typeof value === "number" && Number.isFinite(value)) return String(value);
  const variable = findVariable();
  throw new Failure(
    "configuration",
    variable === undefined
      ? `The ${label} must be a text. Correct it in the node's dialog.`
      : `The ${label} names the variable ${variable}, which is not text. Change the variable's type, or enter the ${label} itself.`,
  );
}

/**
 * Reads a setting that is one of several words.
 * @param name name of the setting in the flow file
 * @param choices all words; the first is the default
 * @throws Failure `configuration` if it is another value
 */
export function readChoice<T extends string>(value: unknown, name: string, choices: readonly T[]): T {
  if (value === undefined || value === null || value === "") return choices[0]!;
  if ((choices as readonly unknown[]).includes(value)) return value as T;
  throw new Failure(
    "configuration",
    `The setting ${name} is none of ${choices.map((choice) => choice || '""').join(", ")}. Choose one in the node's dialog.`,
  );
}

/** Reads a number above 0, as editors (text) and hand-written flows have it. Anything else gives the default. */
export function readPositiveNumber(value: unknown, defaultValue: number): number {
  const number = Number(value);
  return Number.isFinite(number) && number > 0 ? number : defaultValue;
}

/**
 * Converts a time above 0 to whole milliseconds that any timer can wait. A longer time than that, about 24 days, counts as
 * that: with it, a timer of Node.js would fire at once.
 */
export function toTimerMs(seconds: number): number {
  return Math.min(MAX_TIMER_MS, Math.max(1, Math.round(seconds * 1000)));
}

/** Bounds of a number setting, if it has any. */
interface NumberRange {
  /** The smallest number allowed. */
  min?: number;
  /** The number must be greater than this. */
  above?: number;
  /** The largest number allowed. */
  max?: number;
  /** Whether it must be a whole number. */
  isWhole?: boolean;
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
  { min, above, max, isWhole = false }: NumberRange = {},
): number | undefined {
  if (value === undefined || value === null || value === "") return undefined;
  // Number(true) is 1, and Number([5]) is 5.
  const number = typeof value === "number" || typeof value === "string" ? Number(value) : Number.NaN;
  const isInRange =
    (min === undefined || number >= min) &&
    (above === undefined || number > above) &&
    (max === undefined || number <= max) &&
    (!isWhole || Number.isInteger(number));
  if (Number.isFinite(number) && isInRange) return number;
  const bounds = [
    ...(min !== undefined ? [`of at least ${min}`] : []),
    ...(above !== undefined ? [`above ${above}`] : []),
    ...(max !== undefined ? [`of at most ${max}`] : []),
  ];
  const range = bounds.length > 0 ? ` ${bounds.join(" and ")}` : "";
  throw new Failure(
    "configuration",
    `The ${name} must be a ${isWhole ? "whole " : ""}number${range}. Correct it, or leave it empty.`,
  );
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
