import type { ChatMessage } from "../../core/chat/chunk.js";
import { isObject } from "../../core/json/parse.js";
import { readToolName } from "../../core/tools/name.js";
import type { FormRequest } from "../form.js";
import {
  createFieldFailure,
  readClientName,
  readClientTools,
  readConversation,
  readModelField,
  selectOptions,
} from "../request-fields.js";
import { UiWriter } from "./writer.js";

type Part = Readonly<Record<string, unknown>>;

/** Reads the request of `useChat`. @throws Failure `invalid_request` that names the field */
export function readUiRequest(body: Record<string, unknown>): FormRequest {
  const { messages } = body;
  if (!Array.isArray(messages) || !messages.every(isObject))
    throw createFieldFailure("messages", "a list of messages with parts");
  const tools = readClientTools(body["tools"]);
  const last = messages.at(-1);
  const continued = last?.["role"] === "assistant" ? readClientName(last["id"]) : "";
  const names = new Set(tools?.flatMap((tool) => readToolName(tool) ?? []));
  return {
    request: {
      model: readModelField(body["model"]),
      messages: readConversation(messages.flatMap(convertMessage)),
      ...(tools ? { tools } : {}),
      options: selectOptions(body),
      isStreamed: true,
      conversation: readClientName(body["id"]),
      user: readClientName(body["user"]),
    },
    createWriter: (name) => new UiWriter(name, { messageId: continued || `msg-${name.id}`, tools: names }),
  };
}

function convertMessage(message: Part, at: number): ChatMessage[] {
  const { role, parts, content } = message;
  const place = `messages[${at}]`;
  // An older client, or one written by hand.
  if (parts === undefined && typeof content === "string") return [{ role: String(role), content }];
  if (!Array.isArray(parts) || !parts.every(isObject))
    throw createFieldFailure(`${place}.parts`, "a list of parts");
  if (role === "assistant") return splitSteps(parts).flatMap(convertStep);
  if (role !== "user") return [{ role: String(role), content: joinTexts(parts, "text") }];
  const files = parts.filter(({ type }) => type === "file").map((part) => convertFile(part, place));
  const text = joinTexts(parts, "text");
  return [{ role, content: files.length > 0 ? [{ type: "text", text }, ...files] : text }];
}

/** An answer with tools of the page takes several requests to the model: its steps. */
function splitSteps(parts: readonly Part[]): Part[][] {
  const steps: Part[][] = [[]];
  for (const part of parts) {
    if (part["type"] === "step-start") steps.push([]);
    else steps.at(-1)!.push(part);
  }
  return steps;
}

/** Converts a step. Calls without a result are left out, since services refuse them; so are those of the flow itself. */
function convertStep(parts: readonly Part[]): ChatMessage[] {
  const answered = parts.filter(isAnsweredCall);
  const text = joinTexts(parts, "text");
  const reasoning = joinTexts(parts, "reasoning");
  if (text === "" && answered.length === 0) return [];
  const calls = answered.map((part) => ({
    id: readClientName(part["toolCallId"]),
    type: "function",
    function: { name: readCalledTool(part), arguments: JSON.stringify(part["input"] ?? {}) },
  }));
  const results = answered.map((part) => ({
    role: "tool",
    tool_call_id: readClientName(part["toolCallId"]),
    content: readResult(part),
  }));
  const answer: ChatMessage = {
    role: "assistant",
    content: text,
    ...(reasoning === "" ? {} : { reasoning_content: reasoning }),
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
  };
  return [answer, ...results];
}

function isAnsweredCall({ type, state, providerExecuted }: Part): boolean {
  if (typeof type !== "string" || providerExecuted === true) return false;
  if (type !== "dynamic-tool" && !type.startsWith("tool-")) return false;
  return state === "output-available" || state === "output-error" || state === "output-denied";
}

function readCalledTool({ type, toolName }: Part): string {
  return typeof toolName === "string" ? toolName : String(type).slice("tool-".length);
}

function readResult({ state, output, errorText }: Part): string {
  if (state === "output-denied") return "The user refused this call.";
  const value = state === "output-error" ? (errorText ?? "The tool failed.") : (output ?? "");
  return typeof value === "string" ? value : JSON.stringify(value);
}

function joinTexts(parts: readonly Part[], type: string): string {
  return parts
    .flatMap((part) => (part["type"] === type && typeof part["text"] === "string" ? [part["text"]] : []))
    .join("");
}

/** Converts a file. Its address goes to the model as it is; nothing is fetched here. */
function convertFile({ url, mediaType, filename }: Part, place: string): object {
  if (typeof url !== "string" || typeof mediaType !== "string")
    throw createFieldFailure(`${place}.parts`, "a list in which each file has a url and a mediaType");
  if (mediaType.startsWith("image/")) return { type: "image_url", image_url: { url } };
  const [, data] = /^data:[^,]*;base64,(.*)$/s.exec(url) ?? [];
  const [, format] = /^audio\/(?:x-)?(\w+)/.exec(mediaType) ?? [];
  if (format && data !== undefined)
    return { type: "input_audio", input_audio: { data, format: format === "mpeg" ? "mp3" : format } };
  const name = typeof filename === "string" ? filename : "file";
  return { type: "file", file: { filename: name, file_data: url } };
}
