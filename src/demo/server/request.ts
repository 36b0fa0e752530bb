import { ApiError, invalid } from "../errors.js";
import { type Fields, isFields } from "../json.js";
import type { Prompt } from "../model/responder.js";
import { readMessages } from "./request-messages.js";

/** A function that the request offers. */
export interface Tool {
  readonly name: string;
  readonly description: string;
  /** JSON Schema of the arguments. */
  readonly parameters: Fields | undefined;
}

export type ToolChoice = "none" | "auto" | "required" | { readonly name: string };

/** That the answer has to be a JSON object, and of what form. */
export interface ResponseFormat {
  readonly schema: unknown;
}

/** A request body, checked. */
export interface ChatRequest {
  readonly model: string;
  readonly prompt: Prompt;
  readonly stream: boolean;
  readonly includeUsage: boolean;
  /** How many choices. */
  readonly n: number;
  /** `max_completion_tokens` or `max_tokens`; undefined: no limit. */
  readonly maxTokens: number | undefined;
  readonly stop: readonly string[];
}

/** OpenAI allows 128; they are all made before the first is sent, and nobody reads that many. */
const MOST_CHOICES = 16;
const MOST_STOPS = 4;

/**
 * Checks the body of `POST /v1/chat/completions` as strictly as OpenAI does where it matters: a flow that
 * works with the demo should not meet its first 400 at a real service.
 *
 * @throws ApiError 400 in OpenAI's form, naming the field.
 */
export function readRequest(body: unknown): ChatRequest {
  if (!isFields(body)) throw invalid("", "The request body must be a JSON object.");
  const model = body["model"];
  if (typeof model !== "string" || model === "") {
    throw new ApiError(400, "You must provide a model parameter.", {
      param: "model",
      code: "missing_required_parameter",
    });
  }
  const stream = truth(body, "stream") ?? false;
  const options = body["stream_options"] ?? undefined;
  if (options !== undefined && !isFields(options))
    throw invalid("stream_options", "Invalid type for 'stream_options': expected an object.");
  if (options && !stream) {
    throw invalid(
      "stream_options",
      "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
    );
  }
  bounded(body, "temperature", 0, 2);
  bounded(body, "top_p", 0, 1);
  const maxTokens = whole(body, "max_completion_tokens") ?? whole(body, "max_tokens");
  const n = whole(body, "n") ?? 1;
  if (n > MOST_CHOICES)
    throw invalid(
      "n",
      `Invalid 'n': integer above maximum value. Expected a value <= ${MOST_CHOICES}, but got ${n} instead.`,
    );
  const tools = readTools(body["tools"] ?? undefined);
  const effort = body["reasoning_effort"];
  return {
    model,
    stream,
    includeUsage: options ? truth(options, "include_usage") === true : false,
    n,
    maxTokens,
    stop: readStop(body["stop"] ?? undefined),
    prompt: {
      messages: readMessages(body["messages"]),
      tools,
      choice: readChoice(body["tool_choice"] ?? undefined, tools),
      parallel: truth(body, "parallel_tool_calls") ?? true,
      format: readFormat(body["response_format"] ?? undefined),
      effort: typeof effort === "string" ? effort : undefined,
    },
  };
}

function truth(body: Fields, name: string): boolean | undefined {
  const value = body[name] ?? undefined;
  if (value === undefined || typeof value === "boolean") return value;
  throw invalid(name, `Invalid type for '${name}': expected a boolean.`, "invalid_type");
}

function bounded(body: Fields, name: string, low: number, high: number): void {
  const value = body[name] ?? undefined;
  if (value === undefined) return;
  if (typeof value !== "number")
    throw invalid(name, `Invalid type for '${name}': expected a decimal.`, "invalid_type");
  if (value < low || value > high) {
    throw invalid(
      name,
      `Invalid '${name}': expected a value from ${low} to ${high}, but got ${value} instead.`,
    );
  }
}

/** A positive whole number. */
function whole(body: Fields, name: string): number | undefined {
  const value = body[name] ?? undefined;
  if (value === undefined) return undefined;
  if (!Number.isInteger(value))
    throw invalid(name, `Invalid type for '${name}': expected an integer.`, "invalid_type");
  if (Number(value) >= 1) return Number(value);
  throw invalid(
    name,
    `Invalid '${name}': integer below minimum value. Expected a value >= 1, but got ${String(value)} instead.`,
    "integer_below_min_value",
  );
}

function readStop(given: unknown): string[] {
  if (given === undefined) return [];
  const stops: unknown[] = Array.isArray(given) ? given : [given];
  if (!stops.every((stop) => typeof stop === "string")) {
    throw invalid(
      "stop",
      "Invalid type for 'stop': expected a string or an array of strings.",
      "invalid_type",
    );
  }
  if (stops.length > MOST_STOPS)
    throw invalid(
      "stop",
      `Invalid 'stop': array too long. At most ${MOST_STOPS} stop sequences are allowed.`,
    );
  return stops.filter((stop) => stop !== "");
}

function readTools(given: unknown): Tool[] {
  if (given === undefined) return [];
  if (!Array.isArray(given))
    throw invalid("tools", "Invalid type for 'tools': expected an array.", "invalid_type");
  return given.map((tool: unknown, at) => {
    const definition = isFields(tool) && tool["type"] === "function" ? tool["function"] : undefined;
    if (!isFields(definition)) {
      throw invalid(
        `tools[${at}]`,
        `Invalid 'tools[${at}]': the demo model knows tools of type 'function' only.`,
      );
    }
    const { name, description, parameters } = definition;
    if (typeof name !== "string" || !/^[a-zA-Z0-9_-]{1,64}$/.test(name)) {
      throw invalid(
        `tools[${at}].function.name`,
        `Invalid 'tools[${at}].function.name': expected a string that matches the pattern '^[a-zA-Z0-9_-]+$', of at most 64 characters.`,
      );
    }
    if (parameters !== undefined && parameters !== null && !isFields(parameters)) {
      throw invalid(
        `tools[${at}].function.parameters`,
        `Invalid schema for function '${name}': schema must be an object.`,
        "invalid_function_parameters",
      );
    }
    return {
      name,
      description: typeof description === "string" ? description : "",
      parameters: isFields(parameters) ? parameters : undefined,
    };
  });
}

function readChoice(given: unknown, tools: readonly Tool[]): ToolChoice {
  if (given === undefined) return "auto";
  if (tools.length === 0)
    throw invalid("tool_choice", "'tool_choice' is only allowed when 'tools' are specified.");
  if (given === "none" || given === "auto" || given === "required") return given;
  const named = isFields(given) && isFields(given["function"]) ? given["function"]["name"] : undefined;
  const tool = tools.find((one) => one.name === named);
  if (tool) return { name: tool.name };
  throw invalid(
    "tool_choice",
    "Invalid 'tool_choice': expected 'none', 'auto', 'required' or a function that is among 'tools'.",
  );
}

function readFormat(given: unknown): ResponseFormat | undefined {
  if (given === undefined) return undefined;
  const type = isFields(given) ? given["type"] : undefined;
  if (!isFields(given) || (type !== "text" && type !== "json_object" && type !== "json_schema")) {
    throw invalid(
      "response_format",
      "Invalid 'response_format': supported types are 'text', 'json_object' and 'json_schema'.",
    );
  }
  if (type === "text") return undefined;
  if (type === "json_object") return { schema: undefined };
  const wrapper = given["json_schema"];
  if (!isFields(wrapper) || typeof wrapper["name"] !== "string") {
    throw new ApiError(400, "Missing required parameter: 'response_format.json_schema.name'.", {
      param: "response_format.json_schema.name",
      code: "missing_required_parameter",
    });
  }
  return { schema: isFields(wrapper["schema"]) ? wrapper["schema"] : undefined };
}
