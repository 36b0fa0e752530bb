import { createInvalidFieldError, createMissingFieldError } from "../../errors.js";
import { isFields } from "../../json.js";
import { DEMO_ROLES, type DemoMessage } from "../../prompt.js";

/**
 * Reads `messages`.
 *
 * @throws DemoError 400 if they are malformed, or if tool calls and their results do not pair up: real services
 *   refuse that, and a flow that trims its history gets it wrong easily
 */
export function readMessages(messages: unknown): DemoMessage[] {
  if (messages === undefined || messages === null) throw createMissingFieldError("messages");
  if (!Array.isArray(messages))
    throw createInvalidFieldError("messages", "expected an array of objects.", "invalid_type");
  if (messages.length === 0)
    throw createInvalidFieldError("messages", "expected at least one message.", "empty_array");
  const read = messages.map((message, at) => readMessage(message, `messages[${at}]`));
  checkToolResults(read);
  return read;
}

function readMessage(message: unknown, path: string): DemoMessage {
  if (!isFields(message)) throw createInvalidFieldError(path, "expected an object.", "invalid_type");
  const role = DEMO_ROLES.find((known) => known === message["role"]);
  if (!role) throw createInvalidFieldError(`${path}.role`, `supported values are ${DEMO_ROLES.join(", ")}.`);
  const toolCallId = message["tool_call_id"];
  if (role === "tool" && typeof toolCallId !== "string")
    throw createMissingFieldError(`${path}.tool_call_id`);
  return {
    role,
    ...readContent(message["content"], `${path}.content`, role === "assistant"),
    toolCalls: role === "assistant" ? readCalls(message["tool_calls"] ?? [], `${path}.tool_calls`) : [],
    toolCallId: typeof toolCallId === "string" ? toolCallId : undefined,
  };
}

/** @param mayBeMissing an assistant message may hold only tool calls, a refusal or audio */
function readContent(
  content: unknown,
  path: string,
  mayBeMissing: boolean,
): Pick<DemoMessage, "text" | "attachments" | "pictures"> {
  const isMissing = content === undefined || content === null;
  if (typeof content === "string" || (isMissing && mayBeMissing))
    return { text: content ?? "", attachments: 0, pictures: [] };
  if (!Array.isArray(content) || !content.every(isFields)) {
    throw createInvalidFieldError(path, "expected a string or an array of parts.", "invalid_type");
  }
  const texts = content.map((part) => part["text"]).filter((text) => typeof text === "string");
  const pictures = content.flatMap(({ image_url: image }) => (isFields(image) ? [String(image["url"])] : []));
  return { text: texts.join(""), attachments: content.length - texts.length, pictures };
}

function readCalls(calls: unknown, path: string): DemoMessage["toolCalls"] {
  if (!Array.isArray(calls)) throw createInvalidFieldError(path, "expected an array.", "invalid_type");
  return calls.map((call: unknown, at) => {
    const { id, function: called } = isFields(call) ? call : {};
    const { name, arguments: text } = isFields(called) ? called : {};
    if (typeof id === "string" && typeof name === "string" && typeof text === "string") {
      return { id, name, arguments: text };
    }
    throw createInvalidFieldError(
      `${path}[${at}]`,
      "expected an id and a function with a name and arguments as a string.",
    );
  });
}

/** Checks that each tool call gets a result before the next message of another role, and each result has a call. */
function checkToolResults(messages: readonly DemoMessage[]): void {
  let open = new Set<string>();
  messages.forEach(({ role, toolCallId, toolCalls }, at) => {
    if (role !== "tool") {
      checkAllAnswered(open, at);
      open = new Set(toolCalls.map((call) => call.id));
    } else if (!open.delete(toolCallId ?? "")) {
      throw createInvalidFieldError(
        `messages[${at}].role`,
        "messages with role 'tool' must be a response to a preceding message with 'tool_calls'.",
      );
    }
  });
  checkAllAnswered(open, messages.length);
}

function checkAllAnswered(open: ReadonlySet<string>, at: number): void {
  if (open.size === 0) return;
  throw createInvalidFieldError(
    `messages[${at}].role`,
    `an assistant message with 'tool_calls' must be followed by tool messages that respond to each 'tool_call_id'. Without a response are: ${[...open].join(", ")}.`,
  );
}
