import type { ErrorObject } from "ajv";

const MAX_NAME_CHARS = 40;
const MAX_VALUE_CHARS = 100;
const MAX_VALUES_CHARS = 150;
const MAX_REASON_CHARS = 300;

/** Keywords whose error only says that one of their parts does not fit. The errors of the parts say more. */
const COMPOUND_KEYWORDS: ReadonlySet<string> = new Set(["anyOf", "oneOf", "if", "propertyNames"]);

/** Says why a schema cannot be compiled. */
export function describeCompileError(thrown: unknown): string {
  if (thrown instanceof Error && "missingRef" in thrown) {
    return `it refers to “${shorten(String(thrown.missingRef), MAX_VALUE_CHARS)}”, which is not in it; add that under $defs`;
  }
  // The compiler is recursive.
  if (thrown instanceof RangeError) return "it is too large, or refers to itself without end";
  return shorten(thrown instanceof Error ? thrown.message : String(thrown), MAX_REASON_CHARS);
}

/**
 * Says where a value does not fit and why: the deepest place, which is nearest to the mistake, with all its reasons.
 */
export function describeSchemaErrors(errors: readonly ErrorObject[]): string {
  const depth = ({ instancePath }: ErrorObject) => instancePath.split("/").length;
  const deepest = errors.reduce((most, error) => Math.max(most, depth(error)), 0);
  const nearest = errors.filter((error) => depth(error) === deepest);
  const specific = nearest.filter(({ keyword }) => !COMPOUND_KEYWORDS.has(keyword));
  const reported = specific.length > 0 ? specific : nearest;
  if (reported.length === 0) return "$ does not match";
  const path = reported[0]!.instancePath;
  const reasons = new Set(reported.filter((error) => error.instancePath === path).map(describeError));
  return shorten(`${toJsonPath(path)} ${[...reasons].join(" or ")}`, MAX_REASON_CHARS);
}

function describeError({ keyword, message, params, propertyName }: ErrorObject): string {
  const subject =
    propertyName === undefined ? "" : `has the property “${shorten(propertyName, MAX_NAME_CHARS)}”, which `;
  const extra: unknown = params["additionalProperty"] ?? params["unevaluatedProperty"];
  if (typeof extra === "string") return `must not have the property “${shorten(extra, MAX_NAME_CHARS)}”`;
  if (keyword === "enum")
    return `${subject}must be one of ${shorten(JSON.stringify(params["allowedValues"]), MAX_VALUES_CHARS)}`;
  if (keyword === "const")
    return `${subject}must be ${shorten(JSON.stringify(params["allowedValue"]), MAX_VALUE_CHARS)}`;
  if (keyword === "type") return `${subject}must be ${[params["type"]].flat().join(" or ")}`;
  return subject + (message ?? `does not match ${keyword}`);
}

/** Turns a JSON pointer into a JSONPath, such as `$.items[3].name`. */
export function toJsonPath(pointer: string): string {
  const steps = pointer
    .split("/")
    .slice(1)
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
  const path = steps.map((step) => {
    if (/^\d+$/.test(step)) return `[${shorten(step, MAX_NAME_CHARS)}]`;
    return /^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(step)
      ? `.${shorten(step, MAX_NAME_CHARS)}`
      : `["${shorten(step, MAX_NAME_CHARS)}"]`;
  });
  return `$${path.join("")}`;
}

function shorten(text: string, maxChars: number): string {
  return text.length <= maxChars ? text : `${text.slice(0, maxChars - 1)}…`;
}
