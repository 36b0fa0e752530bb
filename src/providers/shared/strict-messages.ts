import type { ChatMessage } from "../../core/chat/chunk.js";
import { isObject } from "../../core/json/parse.js";

/** Which fields an assistant's message may have, for a service that refuses fields which it does not know. */
export interface AssistantSchema {
  /** Fields that the service knows, under its own names; `role` is always sent. */
  fields: ReadonlySet<string>;
  /** The service's names of fields that are named differently in Chat Completions. */
  renamed?: Readonly<Record<string, string>>;
}

/**
 * Restricts the assistant's messages of a request to the fields that the service knows. Answers of other services carry
 * fields such as reasoning or signatures of tool calls. Messages of other roles are the author's own and stay.
 */
export function restrictMessages(
  body: Record<string, unknown>,
  schema: AssistantSchema,
): Record<string, unknown> {
  const messages = body["messages"] as readonly ChatMessage[];
  return {
    ...body,
    messages: messages.map((message) =>
      message.role === "assistant" ? restrictAssistantMessage(message, schema) : message,
    ),
  };
}

/** An answer of the model that separates two messages. */
const SEPARATOR: ChatMessage = { role: "assistant", content: "…" };

/** Puts an answer of the model between a tool result and a user's message, if a service refuses the user's message there. */
export function separateResults(body: Record<string, unknown>): Record<string, unknown> {
  const messages = body["messages"] as readonly ChatMessage[];
  const needsSeparator = (at: number) => messages[at]!.role === "user" && messages[at - 1]?.role === "tool";
  return {
    ...body,
    messages: messages.flatMap((message, at) => (needsSeparator(at) ? [SEPARATOR, message] : [message])),
  };
}

/** Restricts one message of the assistant. */
export function restrictAssistantMessage(
  { role, ...message }: ChatMessage,
  { fields, renamed = {} }: AssistantSchema,
): ChatMessage {
  const restricted: ChatMessage = { role };
  for (const [field, value] of Object.entries(message)) {
    const name = Object.hasOwn(renamed, field) ? renamed[field]! : field;
    if (fields.has(name)) restricted[name] = name === "tool_calls" ? restrictToolCalls(value) : value;
  }
  return restricted;
}

/** Restricts tool calls to the fields of Chat Completions. A value of another form stays as it is. */
function restrictToolCalls(calls: unknown): unknown {
  if (!Array.isArray(calls)) return calls;
  return calls.map((call: unknown) => {
    if (!isObject(call)) return call;
    const { id, type, function: called, custom } = call;
    if (isObject(custom)) return { id, type, custom: { name: custom["name"], input: custom["input"] } };
    return {
      id,
      type,
      function: isObject(called) ? { name: called["name"], arguments: called["arguments"] } : called,
    };
  });
}
