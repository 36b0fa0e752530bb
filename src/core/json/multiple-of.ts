import type { FuncKeywordDefinition } from "ajv";

/** Rounding errors that a quotient of two decimal fractions may have, in units of its last binary place. */
const MAX_ROUNDING_ERRORS = 4;

/**
 * The keyword `multipleOf` of JSON Schema. The validator's own divides and wants an exact whole number, so that 19.99 would
 * be no multiple of 0.01, and 1e21 none of 1.
 */
export const MULTIPLE_OF: FuncKeywordDefinition = {
  keyword: "multipleOf",
  type: "number",
  schemaType: "number",
  error: { message: ({ schema }) => `must be multiple of ${String(schema)}` },
  validate: (step: number, value: number) => {
    const quotient = value / step;
    const whole = Math.round(quotient);
    return (
      whole === quotient ||
      Math.abs(whole - quotient) <= MAX_ROUNDING_ERRORS * Number.EPSILON * Math.abs(whole)
    );
  },
};
