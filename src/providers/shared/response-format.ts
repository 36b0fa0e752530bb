import { isObject } from "../../core/json/parse.js";
import { createUnsupportedFailure } from "./unsupported.js";

/** What a `response_format` of Chat Completions asks for. */
export type RequestedFormat = { json: false } | { json: true; schema?: unknown };

/** @throws Failure `invalid_request` */
export function readResponseFormat(service: string, format: unknown): RequestedFormat {
  const type = isObject(format) ? format["type"] : format;
  if (type === undefined || type === "text") return { json: false };
  if (type === "json_object") return { json: true };
  const described = isObject(format) && type === "json_schema" ? format["json_schema"] : undefined;
  if (isObject(described) && isObject(described["schema"]))
    return { json: true, schema: described["schema"] };
  throw createUnsupportedFailure(
    service,
    "this response_format",
    'Use {"type": "json_schema", "json_schema": {"schema": …}}.',
  );
}
