import type { ChatMessage } from "../../core/chat/chunk.js";
import { isObject } from "../../core/json/parse.js";
import type { FormRequest, RequestSource } from "../form.js";
import { createFieldFailure, readClientName, readConversation, readModelField } from "../request-fields.js";
import { AgUiWriter } from "./writer.js";

type Fields = Readonly<Record<string, unknown>>;

/** Messages of a client that are not for the model. */
const SILENT_ROLES: ReadonlySet<unknown> = new Set(["reasoning", "activity"]);

/** Reads the request of an AG-UI client. @throws Failure `invalid_request` that names the field */
export function readAgUiRequest(body: Record<string, unknown>, source: RequestSource): FormRequest {
  const { threadId, runId, messages, forwardedProps } = body;
  if (typeof threadId !== "string") throw createFieldFailure("threadId", "a text");
  if (typeof runId !== "string") throw createFieldFailure("runId", "a text");
  if (!Array.isArray(messages) || !messages.every(isObject))
    throw createFieldFailure("messages", "a list of messages");
  const tools = readTools(body["tools"]);
  const spoken = messages.filter(({ role }) => !SILENT_ROLES.has(role)).map(convertMessage);
  const wanted = isObject(forwardedProps) ? forwardedProps["model"] : undefined;
  return {
    request: {
      model: source.model || readModelField(wanted),
      messages: readConversation(spoken),
      ...(tools.length > 0 ? { tools } : {}),
      options: {},
      isStreamed: true,
      conversation: readClientName(threadId),
      user: "",
    },
    createWriter: (name) => new AgUiWriter(name, { threadId, runId }),
  };
}

function readTools(value: unknown = []): object[] {
  if (!Array.isArray(value) || !value.every(isObject)) throw createFieldFailure("tools", "a list of tools");
  return value.map(({ name, description, parameters }) => ({
    type: "function",
    function: {
      name,
      ...(typeof description === "string" && description !== "" ? { description } : {}),
      parameters: isObject(parameters) ? parameters : { type: "object", properties: {} },
    },
  }));
}

function convertMessage(message: Fields, at: number): ChatMessage {
  const { role, content, toolCalls, toolCallId } = message;
  const converted: ChatMessage = { role: String(role ?? ""), content: convertContent(content ?? "", at) };
  if (role === "tool") converted["tool_call_id"] = toolCallId;
  if (Array.isArray(toolCalls) && toolCalls.length > 0)
    converted["tool_calls"] = toolCalls.map((call: unknown) => {
      const { id, function: called } = isObject(call) ? call : {};
      return { id, type: "function", function: called };
    });
  return converted;
}

function convertContent(content: unknown, at: number): unknown {
  if (!Array.isArray(content)) return content;
  return content.map((part: unknown) => {
    if (!isObject(part)) throw createFieldFailure(`messages[${at}].content`, "a text, or a list of parts");
    return part["type"] === "text" ? { type: "text", text: part["text"] } : convertFile(part, at);
  });
}

/** Converts a picture, a sound or a file. An address goes to the model as it is; nothing is fetched here. */
function convertFile(part: Fields, at: number): object {
  // Clients before version 1 put the data beside the type.
  const { type, source = part } = part;
  const { value, data, url, mimeType = "" } = isObject(source) ? source : {};
  const text = value ?? data ?? url;
  if (typeof text !== "string" || typeof mimeType !== "string")
    throw createFieldFailure(`messages[${at}].content`, "a list of parts that have a source with a value");
  const isAddress = /^(https?:|data:)/.test(text);
  const address = isAddress ? text : `data:${mimeType};base64,${text}`;
  if (type === "image" || mimeType.startsWith("image/"))
    return { type: "image_url", image_url: { url: address } };
  const [, format] = /^audio\/(?:x-)?(\w+)/.exec(mimeType) ?? [];
  if (format && !isAddress)
    return { type: "input_audio", input_audio: { data: text, format: format === "mpeg" ? "mp3" : format } };
  return { type: "file", file: { filename: readClientName(part["filename"]) || "file", file_data: address } };
}
