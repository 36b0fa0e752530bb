import { Failure } from "../../core/failure.js";
import { isObject, parseJson } from "../../core/json/parse.js";
import { compileSchema } from "../../core/json/schema.js";

/** The settings of a chat-stream that say what form the answer is to have. */
export interface ResponseFormatConfig {
  /** Empty: the service's own affair, which is text. */
  responseFormat?: "" | "json_object" | "json_schema";
  /** JSON Schema, as text or as it is. */
  schema?: unknown;
  /** What the service calls it; default: answer. */
  schemaName?: string;
  /** Whether the service shall keep to it by force; default: yes. */
  schemaStrict?: boolean;
}

const DEFAULT_SCHEMA_NAME = "answer";

/** What services take for a name. */
const SCHEMA_NAME = /^[A-Za-z0-9_-]{1,64}$/;

/**
 * The request field that asks for an answer in a given form, as Chat Completions has it (`response_format`).
 * @throws Failure `configuration` that says what is wrong with the schema or its name
 */
export function createResponseFormat(config: ResponseFormatConfig): Record<string, unknown> | undefined {
  const { responseFormat: type } = config;
  if (type === "json_object") return { type };
  if (type !== "json_schema") return undefined;
  const schema = readSchema(config.schema);
  if (schema === undefined) {
    throw new Failure("configuration", "The answer is to fit a JSON Schema, but the node has none.");
  }
  const name = config.schemaName || DEFAULT_SCHEMA_NAME;
  if (!SCHEMA_NAME.test(name)) {
    throw new Failure(
      "configuration",
      "The schema's name has other characters than letters, digits, _ and -, or more than 64.",
    );
  }
  return { type, json_schema: { name, schema, strict: config.schemaStrict !== false } };
}

/**
 * A schema as a node's setting: text, as the editor stores it, or an object, as it may stand in a flow file.
 * @returns undefined where there is none
 * @throws Failure `configuration`
 */
export function readSchema(setting: unknown): unknown {
  if (setting === undefined || setting === null || setting === "") return undefined;
  const schema = typeof setting === "string" ? parseSchema(setting) : setting;
  compileSchema(schema);
  return schema;
}

/** The schema that a request asked its answer to fit, if it did. */
export function findRequestedSchema(request: unknown): unknown {
  const parameters = isObject(request) ? request["parameters"] : undefined;
  const format = isObject(parameters) ? parameters["response_format"] : undefined;
  const named = isObject(format) && format["type"] === "json_schema" ? format["json_schema"] : undefined;
  return isObject(named) ? named["schema"] : undefined;
}

function parseSchema(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    throw new Failure("configuration", "The JSON Schema is not JSON.");
  }
}
