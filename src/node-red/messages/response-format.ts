import { Failure } from "../../core/failure.js";
import { isObject, isWithinDepth, parseJson } from "../../core/json/parse.js";
import { compileSchema, MAX_SCHEMA_DEPTH } from "../../core/json/schema.js";
import { ACCEPTED_NAME } from "../../core/tools/name.js";
import { readChoice } from "../red/settings.js";

/** The settings of a chat-stream for the form of the answer. */
export interface ResponseFormatConfig {
  /** Empty: the service's default, which is text. */
  responseFormat?: "" | "json_object" | "json_schema";
  /** JSON Schema, as text or as an object. */
  schema?: unknown;
  /** Name of the schema for the service. Default: `answer`. */
  schemaName?: string;
  /** Whether the service must enforce the schema. Default: true. */
  schemaStrict?: boolean;
}

const DEFAULT_SCHEMA_NAME = "answer";

/**
 * Creates the request field `response_format` of Chat Completions.
 * @returns undefined if the settings ask for no form
 * @throws Failure `configuration` if the schema or its name is missing or wrong
 */
export function createResponseFormat(config: ResponseFormatConfig): Record<string, unknown> | undefined {
  const type = readChoice(config.responseFormat, "responseFormat", ["", "json_object", "json_schema"]);
  if (type === "json_object") return { type };
  if (type !== "json_schema") return undefined;
  const schema = readSchema(config.schema);
  if (schema === undefined) {
    throw new Failure(
      "configuration",
      "The answer's format is JSON Schema, but this node has no schema. Enter one, or choose another format.",
    );
  }
  const name = config.schemaName || DEFAULT_SCHEMA_NAME;
  if (!ACCEPTED_NAME.test(name)) {
    throw new Failure(
      "configuration",
      "The schema's name is not valid. Use 1 to 64 letters, digits, _ or -.",
    );
  }
  return { type, json_schema: { name, schema, strict: config.schemaStrict !== false } };
}

/**
 * Reads the JSON Schema in a node's setting: text, as the editor stores it, or an object in a hand-written flow.
 * @returns undefined if the setting is empty
 * @throws Failure `configuration` if it is not a JSON Schema
 */
export function readSchema(setting: unknown): unknown {
  if (setting === undefined || setting === null || setting === "") return undefined;
  const schema = typeof setting === "string" ? parseSchema(setting) : setting;
  compileSchema(schema);
  return schema;
}

/** Whether a request (`msg.request`) asks for an answer in JSON. */
export function requestsJson(request: unknown): boolean {
  const type = findFormat(request)?.["type"];
  return type === "json_object" || type === "json_schema";
}

/** Finds the JSON Schema that a request (`msg.request`) demands of its answer. */
export function findRequestedSchema(request: unknown): unknown {
  const format = findFormat(request);
  const named = format?.["type"] === "json_schema" ? format["json_schema"] : undefined;
  return isObject(named) ? named["schema"] : undefined;
}

function findFormat(request: unknown): Record<string, unknown> | undefined {
  const parameters = isObject(request) ? request["parameters"] : undefined;
  const format = isObject(parameters) ? parameters["response_format"] : undefined;
  return isObject(format) ? format : undefined;
}

/** The JSON Schemas in the settings of deployed nodes, as text, with how many nodes have each. */
const configuredSchemas = new Map<string, number>();

/**
 * Remembers a schema that an author wrote into the settings of a node. A request carries its schema on a message, where
 * a schema that a visitor sent looks the same.
 * @returns a function that forgets it; call it once, when the node closes
 */
export function addConfiguredSchema(schema: unknown): () => void {
  const text = JSON.stringify(schema);
  configuredSchemas.set(text, (configuredSchemas.get(text) ?? 0) + 1);
  return () => {
    const count = configuredSchemas.get(text)! - 1;
    if (count > 0) configuredSchemas.set(text, count);
    else configuredSchemas.delete(text);
  };
}

/** Whether a schema stands in the settings of a deployed node. */
export function isConfiguredSchema(schema: unknown): boolean {
  if (configuredSchemas.size === 0 || !isWithinDepth(schema, MAX_SCHEMA_DEPTH)) return false;
  try {
    return configuredSchemas.has(JSON.stringify(schema));
  } catch {
    return false;
  }
}

function parseSchema(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    throw new Failure("configuration", "The JSON Schema in this node is not valid JSON. Correct it.");
  }
}
