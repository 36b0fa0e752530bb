import { Failure } from "../../core/failure.js";
import { isObject } from "../../core/json/parse.js";
import { readFunction } from "../../core/tools/name.js";
import { omitNulls, requireObject } from "../shared/parameters.js";
import { createToolChoiceFailure } from "../shared/unsupported.js";

type WireTool = Record<string, unknown>;

/**
 * Translates the tools of Chat Completions (OpenAI API reference, "Create a model response", `tools`): what a tool says
 * stands beside its type. The service's own tools stay as they are.
 * @param webSearch `web_search_options` of Chat Completions, which are a tool here
 */
export function buildResponsesTools(
  service: string,
  tools: readonly unknown[],
  webSearch: unknown,
): WireTool[] {
  const translated = tools.map(translateTool);
  if (webSearch === undefined) return translated;
  const { user_location: location, ...options } = requireObject(service, "web_search_options", webSearch);
  const place = isObject(location) && isObject(location["approximate"]) ? location["approximate"] : location;
  return [
    ...translated,
    {
      type: "web_search",
      ...options,
      ...(isObject(place) ? { user_location: { type: "approximate", ...place } } : {}),
    },
  ];
}

function translateTool(tool: unknown, index: number): WireTool {
  if (!isObject(tool)) {
    throw new Failure("invalid_request", `Tool ${index} is not an object. Correct the list of tools.`);
  }
  const called = readFunction(tool);
  if (called) return translateFunction(called);
  const custom = tool["type"] === "custom" ? tool["custom"] : undefined;
  if (!isObject(custom)) return tool;
  const { format, ...rest } = custom;
  const grammar = isObject(format) ? format["grammar"] : undefined;
  const flat = isObject(format) && isObject(grammar) ? { type: format["type"], ...grammar } : format;
  return { type: "custom", ...omitNulls({ ...rest, format: flat }) };
}

/** Translates a function. Without `strict`, a service may make the schema strict by itself, so it is always sent. */
function translateFunction({ type: _type, parameters, strict, ...rest }: WireTool): WireTool {
  return {
    type: "function",
    ...omitNulls(rest),
    parameters: { type: "object", properties: {}, ...(isObject(parameters) ? parameters : {}) },
    strict: strict === true,
  };
}

/**
 * Translates a `tool_choice`.
 * @throws Failure `invalid_request` for a choice in no known form
 */
export function buildResponsesToolChoice(service: string, choice: unknown): unknown {
  if (typeof choice === "string") return choice;
  if (!isObject(choice) || typeof choice["type"] !== "string") throw createToolChoiceFailure(service, choice);
  const { type } = choice;
  if (type !== "allowed_tools") return flattenChoice(choice);
  const allowed = isObject(choice["allowed_tools"]) ? choice["allowed_tools"] : choice;
  const tools = Array.isArray(allowed["tools"]) ? allowed["tools"] : [];
  return { type, mode: allowed["mode"] ?? "auto", tools: tools.map(flattenChoice) };
}

/** Puts the name of a tool beside its type. */
function flattenChoice(choice: unknown): unknown {
  if (!isObject(choice)) return choice;
  const { type } = choice;
  const named = typeof type === "string" ? choice[type] : undefined;
  return isObject(named) ? { type, name: named["name"] } : choice;
}
