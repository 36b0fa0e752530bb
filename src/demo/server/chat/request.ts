import { createInvalidFieldError, createMissingFieldError } from "../../errors.js";
import { type DemoFields, isFields } from "../../json.js";
import type { DemoPrompt, DemoTool } from "../../prompt.js";
import type { GenerationRequest } from "../generation.js";
import {
  createWrongTypeError,
  readBooleanField,
  readFields,
  readIntegerField,
  readNumberField,
} from "../request-fields.js";
import { readTool, readToolChoice } from "../request-tools.js";
import { readMessages } from "./messages.js";

/** The checked body of a chat request. */
export interface DemoRequest extends GenerationRequest {
  readonly model: string;
  readonly stream: boolean;
  readonly includeUsage: boolean;
  /** Number of choices. */
  readonly n: number;
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
  const body = readFields(json);
  const { model, reasoning_effort: effort, stream_options: options } = body;
  if (typeof model !== "string" || model === "") throw createMissingFieldError("model");
  const stream = readBooleanField(body, "stream") ?? false;
  if (options !== undefined && !isFields(options)) throw createWrongTypeError("stream_options", "an object");
  if (options && !stream)
    throw createInvalidFieldError("stream_options", "only allowed when 'stream' is enabled.");
  readNumberField(body, "temperature", 0, 2);
  readNumberField(body, "top_p", 0, 1);
  const tools = readTools(body["tools"] ?? []);
  return {
    model,
    stream,
    includeUsage: options?.["include_usage"] === true,
    n: readIntegerField(body, "n", MAX_CHOICES) ?? 1,
    maxTokens: readIntegerField(body, "max_completion_tokens") ?? readIntegerField(body, "max_tokens"),
    stop: readStops(body["stop"] ?? []),
    prompt: {
      messages: readMessages(body["messages"]),
      tools,
      choice: readToolChoice(body["tool_choice"], tools, findChosenName),
      parallel: readBooleanField(body, "parallel_tool_calls") ?? true,
      format: readFormat(body["response_format"] ?? { type: "text" }),
      effort: typeof effort === "string" ? effort : undefined,
    },
  };
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
    return readTool(definition, `tools[${at}].function`);
  });
}

function findChosenName({ function: chosen }: DemoFields): unknown {
  return isFields(chosen) ? chosen["name"] : undefined;
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
