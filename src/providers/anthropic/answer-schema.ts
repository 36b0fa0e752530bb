import { isObject } from "../../core/json/parse.js";

type Schema = Record<string, unknown>;

/** Formats of texts that Anthropic takes. */
const FORMATS: ReadonlySet<unknown> = new Set([
  "date-time",
  "time",
  "date",
  "duration",
  "email",
  "hostname",
  "uri",
  "ipv4",
  "ipv6",
  "uuid",
]);

/**
 * Writes a JSON Schema for an answer as Anthropic takes it, by the rules of its own SDK (1.14, `transformJSONSchema`): objects
 * are closed, and what Anthropic refuses, such as `minimum`, goes into the description. An object that the author has left
 * open stays as it is, because a closed one would be empty.
 */
export function adaptAnswerSchema(schema: unknown): unknown {
  if (!isObject(schema)) return schema;
  const { $schema: _dialect, ...rest } = schema;
  const adapted: Schema = {};
  const keep = (name: string, value: unknown = rest[name]) => {
    if (value !== undefined) adapted[name] = value;
    delete rest[name];
  };
  for (const name of ["$defs", "definitions"]) if (isObject(rest[name])) keep(name, adaptEach(rest[name]));
  if (rest["$ref"] !== undefined) return { ...adapted, $ref: rest["$ref"] };
  const { type } = rest;
  keepForm(rest, adapted, keep);
  keep("description");
  keep("title");
  if (type === "object") {
    if (isObject(rest["properties"])) {
      keep("properties", adaptEach(rest["properties"]));
      if (rest["additionalProperties"] === undefined) rest["additionalProperties"] = false;
    }
    keep("additionalProperties");
    keep("required");
  } else if (type === "string") {
    if (FORMATS.has(rest["format"])) keep("format");
  } else if (type === "array") {
    keep("items", adaptAnswerSchema(rest["items"]));
    if (rest["minItems"] === 0 || rest["minItems"] === 1) keep("minItems");
  }
  return describeRest(adapted, rest);
}

function adaptEach(schemas: Schema): Schema {
  return Object.fromEntries(
    Object.entries(schemas).map(([name, schema]) => [name, adaptAnswerSchema(schema)]),
  );
}

/** Keeps what a value has to be: one of some values, one of some schemas, or of a type. */
function keepForm(rest: Schema, adapted: Schema, keep: (name: string, value?: unknown) => void): void {
  const { enum: values, const: value } = rest;
  if (Array.isArray(values) && values.length > 0 && values.every(isPrimitive)) keep("enum");
  if (value !== undefined && isPrimitive(value)) keep("const");
  const isLiteral = "enum" in adapted || "const" in adapted;
  const name = ["anyOf", "oneOf", "allOf"].find((keyword) => Array.isArray(rest[keyword]));
  if (name !== undefined) {
    const list = (rest[name] as unknown[]).map(adaptAnswerSchema);
    keep(name === "oneOf" ? "anyOf" : name, list);
    delete rest[name];
  }
  if (isLiteral || name !== undefined) delete rest["type"];
  else keep("type");
}

function isPrimitive(value: unknown): boolean {
  return value === null || typeof value !== "object";
}

/** Tells the model in words what Anthropic does not take. */
function describeRest(adapted: Schema, rest: Schema): Schema {
  const list = Object.entries(rest).map(([name, value]) => `${name}: ${JSON.stringify(value)}`);
  if (list.length === 0) return adapted;
  const { description } = adapted;
  const before = typeof description === "string" && description !== "" ? `${description}\n\n` : "";
  return { ...adapted, description: `${before}{${list.join(", ")}}` };
}
