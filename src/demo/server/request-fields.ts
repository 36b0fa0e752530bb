import { createInvalidFieldError, DemoError } from "../errors.js";
import { type DemoFields, isFields } from "../json.js";

/** Reads the body of a request. `null` counts as a missing field. @throws DemoError 400 if it is not an object */
export function readFields(json: unknown): DemoFields {
  if (!isFields(json)) throw new DemoError(400, "The request body must be a JSON object.");
  return Object.fromEntries(Object.entries(json).filter(([, value]) => value !== null));
}

/** A 400 about a field of another type. @param expected such as "an object" */
export function createWrongTypeError(name: string, expected: string): DemoError {
  return createInvalidFieldError(name, `expected ${expected}.`, "invalid_type");
}

/** @throws DemoError 400 if the field is something else */
export function readBooleanField(body: DemoFields, name: string): boolean | undefined {
  const value = body[name];
  if (value === undefined || typeof value === "boolean") return value;
  throw createWrongTypeError(name, "a boolean");
}

/** @throws DemoError 400 if the field is something else, or out of range */
export function readNumberField(
  body: DemoFields,
  name: string,
  min: number,
  max: number,
): number | undefined {
  const value = body[name];
  if (value === undefined) return undefined;
  if (typeof value !== "number") throw createWrongTypeError(name, "a number");
  if (value >= min && value <= max) return value;
  throw createInvalidFieldError(name, `expected a value from ${min} to ${max}, but got ${value} instead.`);
}

/** @throws DemoError 400 if the field is something else than a whole number, or out of range */
export function readIntegerField(
  body: DemoFields,
  name: string,
  max = Number.MAX_SAFE_INTEGER,
  min = 1,
): number | undefined {
  const value = readNumberField(body, name, min, max);
  if (value !== undefined && !Number.isInteger(value)) throw createWrongTypeError(name, "an integer");
  return value;
}
