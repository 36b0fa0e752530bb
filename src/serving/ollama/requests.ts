import type { ChatMessage } from "../../core/chat/chunk.js";
import { isObject } from "../../core/json/parse.js";
import type { AnswerName, FormRequest, HttpAnswer, ServedRequest } from "../form.js";
import {
  createFieldFailure,
  readClientTools,
  readConversation,
  readModelField,
  readSwitch,
  selectOptions,
} from "../request-fields.js";
import { buildLoadedLine, buildOllamaAnswer, type OllamaKind, OllamaWriter } from "./writer.js";

type Fields = Readonly<Record<string, unknown>>;

/** Reads a request to `/api/chat`. @throws Failure `invalid_request` that names the field */
export function readOllamaChat(body: Fields): FormRequest {
  const { messages } = body;
  if (messages !== undefined && messages !== null && !Array.isArray(messages))
    throw createFieldFailure("messages", "a list of messages");
  return createRequest(body, convertMessages(messages ?? []), "chat");
}

/** Reads a request to `/api/generate`. @throws Failure `invalid_request` that names the field */
export function readOllamaGenerate(body: Fields): FormRequest {
  const { prompt = "", system, images, suffix } = body;
  if (typeof prompt !== "string") throw createFieldFailure("prompt", "a text");
  const text = typeof suffix === "string" && suffix !== "" ? `${prompt}\n[…]\n${suffix}` : prompt;
  const messages = prompt === "" ? [] : [convertMessage({ role: "user", content: text, images }, "prompt")];
  const instructions = typeof system === "string" && system !== "" && messages.length > 0;
  if (instructions) messages.unshift({ role: "system", content: system });
  return createRequest(body, messages, "generate");
}

function createRequest(body: Fields, messages: ChatMessage[], kind: OllamaKind): FormRequest {
  const tools = readClientTools(body["tools"]);
  const request: ServedRequest = {
    model: readModelField(body["model"]),
    messages: messages.length > 0 ? readConversation(messages) : [],
    ...(tools ? { tools } : {}),
    options: readOptions(body),
    isStreamed: readSwitch(body["stream"], "stream", true),
    conversation: "",
    user: "",
  };
  const isUnloaded = body["keep_alive"] === 0 || body["keep_alive"] === "0";
  return {
    request,
    createWriter: (name) => new OllamaWriter(name, kind),
    buildBody: (name, answer) => buildOllamaAnswer(name, answer, kind),
    ...(messages.length > 0
      ? {}
      : { buildInstantAnswer: (name: AnswerName) => createLine(buildLoadedLine(name, kind, isUnloaded)) }),
  };
}

function createLine(line: object): HttpAnswer {
  return { status: 200, headers: { "Content-Type": "application/json" }, body: JSON.stringify(line) };
}

/** Ollama's parameters whose names differ from those of Chat Completions. */
function readOptions(body: Fields): Record<string, unknown> {
  const options = isObject(body["options"]) ? body["options"] : {};
  const { num_predict: limit } = options;
  const { format, think } = body;
  return {
    ...selectOptions(options),
    ...(typeof limit === "number" && limit > 0 ? { max_tokens: limit } : {}),
    ...(format === undefined || format === null || format === ""
      ? {}
      : { response_format: readFormat(format) }),
    ...(typeof think === "string" && think !== "" ? { reasoning_effort: think } : {}),
  };
}

function readFormat(format: unknown): object {
  if (format === "json") return { type: "json_object" };
  if (!isObject(format)) throw createFieldFailure("format", "“json” or a JSON schema");
  return { type: "json_schema", json_schema: { name: "answer", schema: format } };
}

/** Converts a conversation. Ollama's calls may have no id, and a result then names only its tool. */
function convertMessages(messages: readonly unknown[]): ChatMessage[] {
  const open: { id: string; name: string }[] = [];
  let count = 0;
  return messages.map((message, at) => {
    const place = `messages[${at}]`;
    if (!isObject(message)) throw createFieldFailure(place, "an object with a role and a content");
    if (message["role"] === "tool") return convertResult(message, open);
    const converted = convertMessage(message, place);
    const calls = message["tool_calls"];
    if (!Array.isArray(calls) || calls.length === 0) return converted;
    converted["tool_calls"] = calls.map((call: unknown) => {
      const { id, function: called } = isObject(call) ? call : {};
      if (!isObject(called))
        throw createFieldFailure(`${place}.tool_calls`, "a list of calls with a function");
      const name = String(called["name"] ?? "");
      const entry = { id: typeof id === "string" && id !== "" ? id : `call_${count}`, name };
      count++;
      open.push(entry);
      const input = called["arguments"] ?? {};
      const text = typeof input === "string" ? input : JSON.stringify(input);
      return { id: entry.id, type: "function", function: { name, arguments: text } };
    });
    return converted;
  });
}

function convertResult(message: Fields, open: { id: string; name: string }[]): ChatMessage {
  const { tool_call_id: id, tool_name: name, content } = message;
  const byId = open.findIndex((call) => call.id === id);
  const byName = byId >= 0 ? byId : open.findIndex((call) => call.name === (name ?? message["name"]));
  const [call] = open.splice(Math.max(byName, 0), 1);
  return {
    role: "tool",
    tool_call_id: typeof id === "string" ? id : (call?.id ?? ""),
    content: content ?? "",
  };
}

function convertMessage(message: Fields, place: string): ChatMessage {
  const { role, content = "", images, thinking } = message;
  const pictures = images === undefined || images === null ? [] : images;
  if (!Array.isArray(pictures) || !pictures.every((picture) => typeof picture === "string"))
    throw createFieldFailure(`${place}.images`, "a list of pictures in base64");
  const parts = pictures.map((picture: string) => ({
    type: "image_url",
    image_url: {
      url: picture.startsWith("data:") ? picture : `data:${guessType(picture)};base64,${picture}`,
    },
  }));
  const converted: ChatMessage = {
    role: String(role ?? ""),
    content: parts.length > 0 ? [{ type: "text", text: content }, ...parts] : content,
  };
  if (typeof thinking === "string" && thinking !== "") converted["reasoning_content"] = thinking;
  return converted;
}

/** The type of a picture by its first bytes: Ollama's clients send none. */
function guessType(base64: string): string {
  if (base64.startsWith("/9j/")) return "image/jpeg";
  if (base64.startsWith("R0lG")) return "image/gif";
  return base64.startsWith("UklG") ? "image/webp" : "image/png";
}
