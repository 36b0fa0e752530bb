import { createInvalidFieldError, createMissingFieldError, DemoError } from "../../errors.js";
import { type DemoFields, isFields } from "../../json.js";
import type { DemoMessage, DemoPrompt, DemoTool } from "../../prompt.js";
import type { GenerationRequest } from "../generation.js";
import {
  createWrongTypeError,
  readBooleanField,
  readFields,
  readIntegerField,
  readNumberField,
} from "../request-fields.js";
import { readTool, readToolChoice } from "../request-tools.js";
import { readInput } from "./input.js";

/** The checked body of `POST /v1/responses`. */
export interface ResponsesRequest extends GenerationRequest {
  readonly model: string;
  readonly stream: boolean;
  /** Whether the answer is made whether or not the client stays. */
  readonly background: boolean;
  /** Whether the answer is stored. */
  readonly store: boolean;
  /** Whether reasoning is shown as a summary; else in the model's own words, as open models show it. */
  readonly summarises: boolean;
  /** The fields that the answer repeats. */
  readonly echo: DemoFields;
}

/** Fields of Chat Completions, with the place where Responses has them; `null`: nowhere. */
const CHAT_FIELDS: Readonly<Record<string, string | null>> = {
  messages: "input",
  max_tokens: "max_output_tokens",
  max_completion_tokens: "max_output_tokens",
  response_format: "text.format",
  reasoning_effort: "reasoning.effort",
  functions: "tools",
  function_call: "tool_choice",
  n: null,
  stop: null,
  seed: null,
  logit_bias: null,
};

/** State of earlier requests, which the demo does not have. */
const STATE_FIELDS = ["previous_response_id", "conversation"];

const MIN_OUTPUT_TOKENS = 16;

/** The defaults of the fields that each answer repeats. */
const ECHOED: DemoFields = {
  instructions: null,
  max_output_tokens: null,
  metadata: {},
  parallel_tool_calls: true,
  temperature: 1,
  text: { format: { type: "text" } },
  tool_choice: "auto",
  tools: [],
  top_p: 1,
};

/**
 * Reads the body of `POST /v1/responses`. It is as strict as OpenAI, so that a flow does not meet its first 400 when it
 * moves from the demo to a real service. `null` counts as a missing field.
 *
 * @throws DemoError 400 that names the field
 */
export function readDemoResponsesRequest(json: unknown): ResponsesRequest {
  const body = readFields(json);
  checkForeignFields(body);
  const { model, reasoning = {}, text = {}, instructions = "" } = body;
  if (typeof model !== "string" || model === "") throw createMissingFieldError("model");
  if (!isFields(reasoning)) throw createWrongTypeError("reasoning", "an object");
  if (!isFields(text)) throw createWrongTypeError("text", "an object");
  if (typeof instructions !== "string") throw createWrongTypeError("instructions", "a string");
  readNumberField(body, "temperature", 0, 2);
  readNumberField(body, "top_p", 0, 1);
  const store = readBooleanField(body, "store") ?? true;
  const background = readBooleanField(body, "background") ?? false;
  if (background && !store)
    throw createInvalidFieldError("background", "background mode requires 'store' to be true.");
  const messages = readInput(body["input"]);
  const tools = readTools(body["tools"] ?? []);
  const { effort, summary } = reasoning;
  return {
    model,
    stream: readBooleanField(body, "stream") ?? false,
    background,
    store,
    summarises: typeof summary === "string",
    maxTokens: readIntegerField(body, "max_output_tokens", Number.MAX_SAFE_INTEGER, MIN_OUTPUT_TOKENS),
    stop: [],
    prompt: {
      messages: [...(instructions === "" ? [] : [createSystemMessage(instructions)]), ...messages],
      tools,
      choice: readToolChoice(body["tool_choice"], tools, findChosenName),
      parallel: readBooleanField(body, "parallel_tool_calls") ?? true,
      format: readFormat(text["format"] ?? { type: "text" }, messages),
      effort: typeof effort === "string" ? effort : undefined,
    },
    echo: {
      ...Object.fromEntries(Object.entries(ECHOED).map(([name, value]) => [name, body[name] ?? value])),
      background,
      reasoning: { effort: effort ?? null, summary: summary ?? null },
      store,
    },
  };
}

/** Refuses what belongs to Chat Completions, and what the demo does not have. */
function checkForeignFields(body: DemoFields): void {
  for (const param of Object.keys(body)) {
    if (STATE_FIELDS.includes(param)) {
      const message = `Unsupported parameter: '${param}'. The demo server reads the whole conversation from 'input'.`;
      throw new DemoError(400, message, { param, code: "unsupported_parameter" });
    }
    const place = Object.hasOwn(CHAT_FIELDS, param) ? CHAT_FIELDS[param] : undefined;
    if (place === undefined) continue;
    if (place === null)
      throw new DemoError(400, `Unknown parameter: '${param}'.`, { param, code: "unknown_parameter" });
    const message = `Unsupported parameter: '${param}'. In the Responses API, this parameter has moved to '${place}'.`;
    throw new DemoError(400, message, { param, code: "unsupported_parameter" });
  }
}

function createSystemMessage(text: string): DemoMessage {
  return { role: "system", text, attachments: 0, pictures: [], toolCalls: [], toolCallId: undefined };
}

function readTools(tools: unknown): DemoTool[] {
  if (!Array.isArray(tools)) throw createWrongTypeError("tools", "an array");
  return tools.map((tool: unknown, at) => {
    if (!isFields(tool) || tool["type"] !== "function")
      throw createInvalidFieldError(`tools[${at}]`, "expected a tool of type 'function'.");
    return readTool(tool, `tools[${at}]`);
  });
}

function findChosenName({ type, name }: DemoFields): unknown {
  return type === "function" ? name : undefined;
}

function readFormat(format: unknown, messages: readonly DemoMessage[]): DemoPrompt["format"] {
  const { type, name, schema } = isFields(format) ? format : {};
  if (type === "text") return undefined;
  if (type === "json_object") {
    if (messages.some(({ text }) => /json/i.test(text))) return { schema: undefined };
    const problem = "must contain the word 'json' in some form to use 'text.format' of type 'json_object'.";
    throw new DemoError(400, `Response input messages ${problem}`, { param: "input" });
  }
  if (type !== "json_schema") {
    const problem = "supported types are 'text', 'json_object' and 'json_schema'.";
    throw createInvalidFieldError("text.format", problem);
  }
  if (typeof name !== "string") throw createMissingFieldError("text.format.name");
  if (!isFields(schema)) throw createMissingFieldError("text.format.schema");
  return { schema };
}
