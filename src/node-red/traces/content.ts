import type { ChatResult } from "../../client/chat-types.js";
import { listSecrets } from "../../client/hide-secrets.js";
import { redact } from "../../core/errors/redact.js";
import { isObject } from "../../core/json/parse.js";
import type { Attributes, TracedRequest } from "./conventions.js";

/** The variable by which OpenTelemetry's instrumentations are told to write content. */
const VARIABLE = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT";

/** Characters of one text, such as a message's, and of all that an attribute holds. */
const MAX_TEXT_CHARS = 4_096;
const MAX_CONTENT_CHARS = 65_536;

/** A part of a message in the form of the conventions. */
type Part = Record<string, unknown>;

/** Whether spans are to hold what is asked and answered. The operator of Node-RED says so, not a flow. */
export function isContentWanted(): boolean {
  return /^(true|1|span_only|span_and_event)$/i.test(process.env[VARIABLE] ?? "");
}

/** @returns what was asked and answered, as attributes of a request's span. Attributes hold no objects, so it is JSON. */
export function describeContent({ endpoint, request }: TracedRequest, result: ChatResult): Attributes {
  const secrets = listSecrets(endpoint);
  const output = result.completion.choices.map(({ message, finish_reason: reason }) => ({
    ...describeMessage(message),
    finish_reason: result.outcome === "complete" ? reason : "error",
  }));
  return {
    "gen_ai.input.messages": redact(writeNewest(request.messages.map(describeMessage)), secrets),
    "gen_ai.output.messages": redact(writeNewest(output), secrets),
    ...(request.tools ? { "gen_ai.tool.definitions": redact(writeNewest(request.tools), secrets) } : {}),
  };
}

/** @returns a value such as the arguments of a call, as an attribute holds it */
export function writeValue(value: unknown): string {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "");
  return cut(text);
}

function describeMessage(message: Readonly<Record<string, unknown>>): { role: string; parts: Part[] } {
  const { role, content, tool_calls: calls, tool_call_id: id } = message;
  const isResponse = role === "tool";
  const parts: Part[] = isResponse
    ? [{ type: "tool_call_response", id, response: writeValue(content) }]
    : describeContentParts(content);
  for (const call of Array.isArray(calls) ? calls : []) {
    const { name, arguments: args } = isObject(call) && isObject(call["function"]) ? call["function"] : {};
    parts.push({
      type: "tool_call",
      id: isObject(call) ? call["id"] : "",
      name,
      arguments: writeValue(args),
    });
  }
  return { role: String(role), parts };
}

/** Pictures and sound are named only. */
function describeContentParts(content: unknown): Part[] {
  if (typeof content === "string") return content === "" ? [] : [{ type: "text", content: cut(content) }];
  if (!Array.isArray(content)) return [];
  return content.filter(isObject).map(({ type, text }) => ({
    type: String(type),
    ...(typeof text === "string" ? { content: cut(text) } : {}),
  }));
}

/** Writes a list as JSON. If it is too long, its first entries are left out. */
function writeNewest(list: readonly unknown[]): string {
  const kept: string[] = [];
  let size = 0;
  for (const entry of [...list].reverse()) {
    const text = JSON.stringify(entry) ?? "null";
    size += text.length;
    if (size > MAX_CONTENT_CHARS) break;
    kept.unshift(text);
  }
  return `[${kept.join()}]`;
}

function cut(text: string): string {
  return text.length > MAX_TEXT_CHARS ? `${text.slice(0, MAX_TEXT_CHARS)}…` : text;
}
