import { tryParseJson } from "../../core/json/parse.js";
import {
  addConfiguredSchema,
  createResponseFormat,
  findRequestedSchema,
  type ResponseFormatConfig,
} from "../messages/response-format.js";
import { readJsonObject, readNumber } from "../red/settings.js";

/** Settings of a chat-stream that become request fields. Empty ones are left out of the request. */
export interface ParameterConfig extends ResponseFormatConfig {
  temperature?: unknown;
  maxTokens?: unknown;
  topP?: unknown;
  seed?: unknown;
  /** A text, or a JSON array of texts. */
  stop?: unknown;
  reasoningEffort?: unknown;
  /** Whether the service keeps the answer, so that a broken stream can be taken up again. */
  background?: unknown;
  /** Names of the tools that the service runs itself. */
  hostedTools?: unknown;
  /** Ids of vector stores for the search in files, separated by commas or white space. */
  vectorStores?: unknown;
  /** Further request fields, as JSON text or an object. They replace the fields above. */
  options?: unknown;
}

/**
 * Reads the request fields in a node's settings, by their names in Chat Completions.
 * @throws Failure `configuration` if a setting is not valid
 */
export function readParameters(config: ParameterConfig): Record<string, unknown> {
  const parameters: Record<string, unknown> = {};
  const numbers: [string, string, unknown][] = [
    ["temperature", "temperature", config.temperature],
    ["maxTokens", "max_tokens", config.maxTokens],
    ["topP", "top_p", config.topP],
    ["seed", "seed", config.seed],
  ];
  for (const [setting, field, value] of numbers) {
    const number = readNumber(value, `setting ${setting}`);
    if (number !== undefined) parameters[field] = number;
  }
  if (config.stop) {
    const list = tryParseJson(String(config.stop));
    parameters["stop"] = Array.isArray(list) ? list : config.stop;
  }
  if (config.reasoningEffort) parameters["reasoning_effort"] = config.reasoningEffort;
  if (config.background === true) parameters["background"] = true;
  const hostedTools = readHostedTools(config);
  if (hostedTools.length > 0) parameters["hosted_tools"] = hostedTools;
  const format = createResponseFormat(config);
  if (format) parameters["response_format"] = format;
  return Object.assign(parameters, readJsonObject(config.options, "setting options (“More fields”)"));
}

/** Reads the tools of the service. The search in files says in which stores. */
function readHostedTools({ hostedTools, vectorStores }: ParameterConfig): unknown[] {
  if (!Array.isArray(hostedTools)) return [];
  const stores = String(vectorStores ?? "")
    .split(/[\s,]+/)
    .filter((id) => id !== "");
  return hostedTools.map((name: unknown) =>
    name === "file_search" ? { type: name, vector_store_ids: stores } : name,
  );
}

/**
 * Remembers the JSON Schema in a node's settings as one that an author wrote.
 * @returns a function that forgets it
 */
export function rememberSchema(config: ParameterConfig): () => void {
  try {
    const schema = findRequestedSchema({ parameters: readParameters(config) });
    return schema === undefined ? () => {} : addConfiguredSchema(schema);
  } catch {
    // Each request reports what is wrong with the settings.
    return () => {};
  }
}
