import { createInvalidFieldError, createMissingFieldError, DemoError } from "../errors.js";
import { type DemoFields, isFields } from "../json.js";
import type { DemoPrompt, DemoTool } from "../prompt.js";
import { readMessages } from "./request-messages.js";

/** The checked body of a chat request. */
export interface DemoRequest {
  readonly model: string;
  readonly prompt: DemoPrompt;
  readonly stream: boolean;
  readonly includeUsage: boolean;
  /** Number of choices. */
  readonly n: number;
  /** `max_completion_tokens` or `max_tokens`; undefined: no limit. */
  readonly maxTokens: number | undefined;
  readonly stop: readonly string[];
}

/** OpenAI allows 128. Here all choices are made before the first is sent. */
const MAX_CHOICES = 16;
const MAX_STOPS = 4;

/**
 * Reads the body of `POST /v1/chat/completions`. It is as strict as OpenAI, so that a flow does not meet its first
 * 400 when it moves from the demo to a real service. `null` counts as a missing field.
 *
 * @throws DemoError 400 that names the field
 */
export function readDemoRequest(json: unknown): DemoRequest {
  if (!isFields(json)) throw new DemoError(400, "The request body must be a JSON object.");
  const body = Object.fromEntries(Object.entries(json).filter(([, value]) => value !== null));
  const { model, reasoning_effort: effort, stream_options: options } = body;
  if (typeof model !== "string" || model === "") throw createMissingFieldError("model");
  const stream = readBoolean(body, "stream") ?? false;
  if (options !== undefined && !isFields(options)) throw createWrongTypeError("stream_options", "an object");
  if (options && !stream)
    throw createInvalidFieldError("stream_options", "only allowed when 'stream' is enabled.");
  readNumber(body, "temperature", 0, 2);
  readNumber(body, "top_p", 0, 1);
  const tools = readTools(body["tools"] ?? []);
  return {
    model,
    stream,
    includeUsage: options?.["include_usage"] === true,
    n: readInteger(body, "n", MAX_CHOICES) ?? 1,
    maxTokens: readInteger(body, "max_completion_tokens") ?? readInteger(body, "max_tokens"),
    stop: readStops(body["stop"] ?? []),
    prompt: {
      messages: readMessages(body["messages"]),
      tools,
      choice: readToolChoice(body["tool_choice"], tools),
      parallel: readBoolean(body, "parallel_tool_calls") ?? true,
      format: readFormat(body["response_format"] ?? { type: "text" }),
      effort: typeof effort === "string" ? effort : undefined,
    },
  };
}

function createWrongTypeError(name: string, expected: string): DemoError {
  return createInvalidFieldError(name, `expected ${expected}.`, "invalid_type");
}

function readBoolean(body: DemoFields, name: string): boolean | undefined {
  const value = body[name];
  if (value === undefined || typeof value === "boolean") return value;
  throw createWrongTypeError(name, "a boolean");
}

function readNumber(body: DemoFields, name: string, min: number, max: number): number | undefined {
  const value = body[name];
  if (value === undefined) return undefined;
  if (typeof value !== "number") throw createWrongTypeError(name, "a number");
  if (value >= min && value <= max) return value;
  throw createInvalidFieldError(name, `expected a value from ${min} to ${max}, but got ${value} instead.`);
}

/** Reads a whole number from 1. */
function readInteger(body: DemoFields, name: string, max = Number.MAX_SAFE_INTEGER): number | undefined {
  const value = readNumber(body, name, 1, max);
  if (value !== undefined && !Number.isInteger(value)) throw createWrongTypeError(name, "an integer");
  return value;
}

function readStops(stop: unknown): string[] {
  const stops: unknown[] = Array.isArray(stop) ? stop : [stop];
  if (!stops.every((one) => typeof one === "string")) {
    throw createWrongTypeError("stop", "a string or an array of strings");
  }
  if (stops.length > MAX_STOPS)
    throw createInvalidFieldError("stop", `at most ${MAX_STOPS} stop sequences are allowed.`);
  return stops.filter((one) => one !== "");
}

function readTools(tools: unknown): DemoTool[] {
  if (!Array.isArray(tools)) throw createWrongTypeError("tools", "an array");
  return tools.map((tool: unknown, at) => {
    const definition = isFields(tool) && tool["type"] === "function" ? tool["function"] : undefined;
    if (!isFields(definition))
      throw createInvalidFieldError(`tools[${at}]`, "expected a tool of type 'function'.");
    const { name, description } = definition;
    if (typeof name !== "string" || !/^[a-zA-Z0-9_-]{1,64}$/.test(name)) {
      const problem = "expected a string that matches the pattern '^[a-zA-Z0-9_-]{1,64}$'.";
      throw createInvalidFieldError(`tools[${at}].function.name`, problem);
    }
    const parameters = definition["parameters"] ?? undefined;
    if (parameters !== undefined && !isFields(parameters)) {
      const problem = `the schema of function '${name}' must be an object.`;
      throw createInvalidFieldError(
        `tools[${at}].function.parameters`,
        problem,
        "invalid_function_parameters",
      );
    }
    return { name, description: typeof description === "string" ? description : "", parameters };
  });
}

function readToolChoice(choice: unknown, tools: readonly DemoTool[]): DemoPrompt["choice"] {
  if (choice === undefined) return "auto";
  if (tools.length === 0)
    throw createInvalidFieldError("tool_choice", "only allowed when 'tools' are specified.");
  if (choice === "none" || choice === "auto" || choice === "required") return choice;
  const name = isFields(choice) && isFields(choice["function"]) ? choice["function"]["name"] : undefined;
  const tool = tools.find((one) => one.name === name);
  if (tool) return { name: tool.name };
  throw createInvalidFieldError(
    "tool_choice",
    "expected 'none', 'auto', 'required' or a function among 'tools'.",
  );
}

function readFormat(format: unknown): DemoPrompt["format"] {
  const { type, json_schema: wrapper } = isFields(format) ? format : {};
  if (type === "text") return undefined;
  if (type === "json_object") return { schema: undefined };
  if (type !== "json_schema") {
    throw createInvalidFieldError(
      "response_format",
      "supported types are 'text', 'json_object' and 'json_schema'.",
    );
  }
  if (!isFields(wrapper) || typeof wrapper["name"] !== "string") {
    throw createMissingFieldError("response_format.json_schema.name");
  }
  return { schema: isFields(wrapper["schema"]) ? wrapper["schema"] : undefined };
}
