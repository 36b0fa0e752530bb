import { isObject } from "../../core/json/parse.js";
import { createUnsupportedFailure } from "./unsupported.js";

/** Whether the answer is to be JSON, and of which JSON Schema if the author gives one. */
export type RequestedFormat = { json: false } | { json: true; schema?: unknown };

/**
 * Reads the `response_format` of Chat Completions.
 * @throws Failure `invalid_request` for a form that is not Chat Completions'
 */
export function readResponseFormat(service: string, format: unknown): RequestedFormat {
  const type = isObject(format) ? format["type"] : format;
  if (type === undefined || type === "text") return { json: false };
  if (type === "json_object") return { json: true };
  const definition = isObject(format) && type === "json_schema" ? format["json_schema"] : undefined;
  if (isObject(definition) && isObject(definition["schema"])) {
    return { json: true, schema: definition["schema"] };
  }
  throw createUnsupportedFailure(
    service,
    "this response_format",
    'Use {"type": "json_schema", "json_schema": {"schema": …}}.',
  );
}
