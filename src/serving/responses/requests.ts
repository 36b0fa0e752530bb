import { isObject } from "../../core/json/parse.js";
import type { FormRequest, RequestSource } from "../form.js";
import {
  createFieldFailure,
  readClientName,
  readClientTools,
  readConversation,
  readModelField,
  readSwitch,
  refuseFields,
  selectOptions,
} from "../request-fields.js";
import { InputItems } from "./input-items.js";
import { buildResponseBody } from "./items.js";
import { ResponsesWriter } from "./writer.js";

type Fields = Readonly<Record<string, unknown>>;

/** Fields that need state which no flow keeps, and what to do instead. */
const STATEFUL: Readonly<Record<string, string>> = {
  previous_response_id: "send the whole conversation as input",
  conversation: "send the whole conversation as input",
  background: "leave it out",
  prompt: "send input and instructions",
};

/** Reads a request to `/v1/responses`. @throws Failure `invalid_request` that names the field */
export function readResponsesRequest(body: Record<string, unknown>, source: RequestSource): FormRequest {
  refuseFields(body, STATEFUL);
  const items = new InputItems((id) => source.findItem(id));
  const { instructions } = body;
  if (typeof instructions === "string" && instructions !== "")
    items.add({ role: "system", content: instructions }, "instructions");
  items.addAll(body["input"]);
  const tools = readTools(body["tools"]);
  return {
    request: {
      model: readModelField(body["model"]),
      messages: readConversation(items.messages),
      ...(tools ? { tools } : {}),
      options: readOptions(body),
      isStreamed: readSwitch(body["stream"], "stream", false),
      conversation: readClientName(body["prompt_cache_key"]),
      user: readClientName(body["user"]) || readClientName(body["safety_identifier"]),
    },
    createWriter: (name) => new ResponsesWriter(name),
    buildBody: buildResponseBody,
  };
}

/** Converts tools: in Responses a function's fields stand beside its type. */
function readTools(value: unknown): object[] | undefined {
  return readClientTools(value)?.map((tool, at) => {
    const { type, ...fields } = tool as Record<string, unknown>;
    if (type === "function") return { type, function: fields };
    if (type === "custom") return { type, custom: fields };
    throw createFieldFailure(
      `tools[${at}].type`,
      "function or custom. Tools that OpenAI runs are not available here",
    );
  });
}

/** Converts the parameters whose names differ from those of Chat Completions. */
function readOptions(body: Fields): Record<string, unknown> {
  const { tool_choice: choice, max_output_tokens: maxTokens, ...rest } = body;
  const { format, verbosity } = isObject(body["text"]) ? body["text"] : {};
  const { effort } = isObject(body["reasoning"]) ? body["reasoning"] : {};
  return {
    ...selectOptions(rest),
    ...(typeof maxTokens === "number" ? { max_tokens: maxTokens } : {}),
    ...(typeof verbosity === "string" ? { verbosity } : {}),
    ...(typeof effort === "string" ? { reasoning_effort: effort } : {}),
    ...readFormat(format),
    ...readChoice(choice),
  };
}

function readFormat(format: unknown): object {
  if (!isObject(format) || format["type"] === "text") return {};
  const { type, ...schema } = format;
  return { response_format: type === "json_schema" ? { type, json_schema: schema } : { type } };
}

function readChoice(choice: unknown): object {
  if (typeof choice === "string") return { tool_choice: choice };
  if (!isObject(choice)) return {};
  const { type, name } = choice;
  if (type === "function" || type === "custom") return { tool_choice: { type, [type]: { name } } };
  return { tool_choice: choice };
}
