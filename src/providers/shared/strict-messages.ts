import type { ChatMessage } from "../../core/chat/chunk.js";
import { isObject } from "../../core/json/parse.js";

/** What a service takes that refuses every field it does not know. */
export interface AssistantSchema {
  /** The fields of an assistant's message. */
  fields: ReadonlySet<string>;
  /** Fields that have another name there. */
  renamed?: Readonly<Record<string, string>>;
}

/**
 * The body of a request with the conversation as such a service takes it: what another has put on its answers
 * (reasoning, marks on the calls of tools) is not for it. Other roles' messages are the author's own.
 */
export function restrictMessages(
  body: Record<string, unknown>,
  strict: AssistantSchema,
): Record<string, unknown> {
  const messages = body["messages"] as readonly ChatMessage[];
  return {
    ...body,
    messages: messages.map((message) =>
      message.role === "assistant" ? restrictAssistantMessage(message, strict) : message,
    ),
  };
}

/** The same for one message of an assistant. */
export function restrictAssistantMessage(
  { role, ...message }: ChatMessage,
  { fields, renamed = {} }: AssistantSchema,
): ChatMessage {
  const strict: ChatMessage = { role };
  for (const [field, value] of Object.entries(message)) {
    const name = Object.hasOwn(renamed, field) ? renamed[field]! : field;
    if (fields.has(name)) strict[name] = name === "tool_calls" ? restrictToolCalls(value) : value;
  }
  return strict;
}

function restrictToolCalls(calls: unknown): unknown {
  if (!Array.isArray(calls)) return calls;
  return calls.map((call: unknown) => {
    if (!isObject(call)) return call;
    const { id, type, function: said } = call;
    return {
      id,
      type,
      function: isObject(said) ? { name: said["name"], arguments: said["arguments"] } : said,
    };
  });
}
