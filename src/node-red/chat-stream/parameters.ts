import { Failure } from "../../core/failure.js";
import { isObject, tryParseJson } from "../../core/json/parse.js";
import { createResponseFormat, type ResponseFormatConfig } from "../messages/response-format.js";

/** The node's settings that are request fields; empty ones are left out. */
export interface ParameterConfig extends ResponseFormatConfig {
  temperature?: unknown;
  maxTokens?: unknown;
  topP?: unknown;
  seed?: unknown;
  stop?: unknown;
  reasoningEffort?: unknown;
  options?: unknown;
}

/** @throws Failure `configuration` that names the setting */
export function readParameters(config: ParameterConfig): Record<string, unknown> {
  const parameters: Record<string, unknown> = {};
  const numbers: [string, string, unknown][] = [
    ["temperature", "temperature", config.temperature],
    ["maxTokens", "max_tokens", config.maxTokens],
    ["topP", "top_p", config.topP],
    ["seed", "seed", config.seed],
  ];
  for (const [setting, field, value] of numbers) {
    if (value === undefined || value === null || value === "") continue;
    const number = Number(value);
    if (!Number.isFinite(number))
      throw new Failure("configuration", `The setting ${setting} is not a number.`);
    parameters[field] = number;
  }
  if (config.stop) {
    const list = tryParseJson(String(config.stop));
    parameters["stop"] = Array.isArray(list) ? list : config.stop;
  }
  if (config.reasoningEffort) parameters["reasoning_effort"] = config.reasoningEffort;
  const format = createResponseFormat(config);
  if (format) parameters["response_format"] = format;
  if (config.options) {
    const options = typeof config.options === "string" ? tryParseJson(config.options) : config.options;
    if (!isObject(options)) throw new Failure("configuration", "The further options are not a JSON object.");
    Object.assign(parameters, options);
  }
  return parameters;
}
