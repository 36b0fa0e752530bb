import { isObject } from "../../../src/core/json/parse.js";

/** A refusal in the words of OpenAI. */
export interface Refusal {
  status: number;
  error: { message: string; type: string; param: string | null; code: string | null };
}

/** What the judge knows of the account. */
export interface Account {
  /** Encrypted reasoning and compactions that this service has sent. */
  encrypted: ReadonlySet<unknown>;
  /** Models that do not reason. */
  plainModels: ReadonlySet<unknown>;
}

type Item = Record<string, unknown>;

/** Fields of a request that OpenAI's reference names. */
const FIELDS: ReadonlySet<string> = new Set(
  (
    "model input instructions max_output_tokens max_tool_calls temperature top_p top_logprobs reasoning text tools " +
    "tool_choice parallel_tool_calls include store previous_response_id conversation background truncation " +
    "context_management prompt_cache_key prompt_cache_retention safety_identifier metadata service_tier prompt user " +
    "stream stream_options"
  ).split(" "),
);

const ITEM_TYPES: ReadonlySet<unknown> = new Set([
  "message",
  "reasoning",
  "function_call",
  "function_call_output",
  "custom_tool_call",
  "custom_tool_call_output",
  "web_search_call",
  "compaction",
  "item_reference",
]);

function refuse(
  message: string,
  param: string | null = null,
  code: string | null = null,
  status = 400,
): Refusal {
  return { status, error: { message, type: "invalid_request_error", param, code } };
}

/** Judges a request as OpenAI does, by its reference and by reported errors. @returns undefined if it is all right */
export function judgeRequest(body: Item, account: Account): Refusal | undefined {
  if ("messages" in body) {
    const moved = "In the Responses API, this parameter has moved to 'input'.";
    return refuse(`Unsupported parameter: 'messages'. ${moved}`, "messages", "unsupported_parameter");
  }
  const unknown = Object.keys(body).find((name) => !FIELDS.has(name));
  if (unknown) return refuse(`Unknown parameter: '${unknown}'.`, unknown, "unknown_parameter");
  if (typeof body["max_output_tokens"] === "number" && body["max_output_tokens"] < 16)
    return refuse("Invalid 'max_output_tokens': integer below minimum value.", "max_output_tokens");
  const input = Array.isArray(body["input"]) ? (body["input"] as Item[]) : [];
  return (
    judgeIncludes(body, account) ??
    judgeTools(body) ??
    judgeFormat(body, input) ??
    judgeInput(body, input, account)
  );
}

function judgeIncludes({ include, model }: Item, { plainModels }: Account): Refusal | undefined {
  const wantsReasoning = Array.isArray(include) && include.includes("reasoning.encrypted_content");
  return wantsReasoning && plainModels.has(model)
    ? refuse("Encrypted content is not supported with this model.", "include")
    : undefined;
}

function judgeTools({
  tools,
  tool_choice: choice,
  parallel_tool_calls: parallel,
}: Item): Refusal | undefined {
  if (tools === undefined && (choice !== undefined || parallel !== undefined))
    return refuse("'tool_choice' is only allowed when 'tools' are specified.", "tool_choice");
  for (const [at, tool] of (Array.isArray(tools) ? (tools as Item[]) : []).entries()) {
    const isNamed = tool["type"] === "function" || tool["type"] === "custom";
    if (isNamed && typeof tool["name"] !== "string")
      return refuse(`Missing required parameter: 'tools[${at}].name'.`, `tools[${at}].name`);
    const { parameters, strict } = tool;
    if (tool["type"] === "function" && strict !== false && !isStrict(parameters))
      return refuse(
        `Invalid schema for function '${String(tool["name"])}'`,
        `tools[${at}].parameters`,
        "invalid_function_parameters",
      );
  }
  if (isObject(choice) && isObject(choice["function"]))
    return refuse("Unknown parameter: 'tool_choice.function'.", "tool_choice.function", "unknown_parameter");
  return undefined;
}

function isStrict(schema: unknown): boolean {
  if (!isObject(schema) || schema["additionalProperties"] !== false) return false;
  const required = Array.isArray(schema["required"]) ? schema["required"] : [];
  return Object.keys(isObject(schema["properties"]) ? schema["properties"] : {}).every((name) =>
    required.includes(name),
  );
}

function judgeFormat({ text }: Item, input: readonly Item[]): Refusal | undefined {
  const format = isObject(text) ? text["format"] : undefined;
  if (!isObject(format)) return undefined;
  if (format["type"] === "json_schema" && !/^[\w-]{1,64}$/.test(String(format["name"] ?? "")))
    return refuse("Missing required parameter: 'text.format.name'.", "text.format.name");
  const speaksOfJson = input.some(
    (item) => item["type"] === "message" && /json/i.test(JSON.stringify(item["content"])),
  );
  return format["type"] === "json_object" && !speaksOfJson
    ? refuse(
        "Response input messages must contain the word 'json' in some form to use 'text.format' of type 'json_object'.",
        "input",
      )
    : undefined;
}

function judgeInput(body: Item, input: readonly Item[], account: Account): Refusal | undefined {
  const isStored = body["store"] !== false;
  const isLinked = body["previous_response_id"] !== undefined;
  for (const [at, item] of input.entries()) {
    const { type, id } = item;
    if (!ITEM_TYPES.has(type)) return refuse(`Invalid value: '${String(type)}'.`, `input[${at}].type`);
    const refusal = type === "message" ? judgeParts(item, at) : undefined;
    if (refusal) return refusal;
    if (id !== undefined && !isStored)
      return refuse(
        `Item with id '${String(id)}' not found. Items are not persisted when \`store\` is set to false.`,
        "input",
      );
    if (type === "web_search_call" && !isStored)
      return refuse("Items are not persisted when `store` is set to false.", "input");
    const encrypted = item["encrypted_content"];
    if (encrypted !== undefined && !account.encrypted.has(encrypted))
      return refuse("The encrypted content could not be verified.", "input", "invalid_encrypted_content");
    const next = input[at + 1]?.["type"];
    const isFollowed =
      next !== undefined && !String(next).endsWith("_output") && input[at + 1]?.["role"] !== "user";
    if (type === "reasoning" && !isFollowed)
      return refuse(
        `Item '${String(id ?? "rs_")}' of type 'reasoning' was provided without its required following item.`,
        "input",
      );
  }
  return isLinked ? undefined : judgeCalls(input);
}

const PARTS: Readonly<Record<string, ReadonlySet<unknown>>> = {
  assistant: new Set(["output_text", "refusal"]),
  user: new Set(["input_text", "input_image", "input_file"]),
};

function judgeParts({ role, content }: Item, at: number): Refusal | undefined {
  if (!Array.isArray(content)) return undefined;
  const allowed = PARTS[role === "assistant" ? "assistant" : "user"]!;
  const wrong = (content as Item[]).find(({ type }) => !allowed.has(type));
  return (
    wrong && refuse(`Invalid value: '${String(wrong["type"])}'.`, `input[${at}].content`, "invalid_value")
  );
}

function judgeCalls(input: readonly Item[]): Refusal | undefined {
  const open = new Map<unknown, string>();
  for (const { type, call_id: id, role } of input) {
    if (type === "function_call" || type === "custom_tool_call") open.set(id, `${type}_output`);
    else if (type === "function_call_output" || type === "custom_tool_call_output") {
      if (open.get(id) !== type)
        return refuse(`No tool call found for function call output with call_id ${String(id)}.`, "input");
      open.delete(id);
    } else if (role === "user" && open.size > 0) break;
  }
  const [first] = open.keys();
  return open.size > 0
    ? refuse(`No tool output found for function call ${String(first)}.`, "input")
    : undefined;
}
