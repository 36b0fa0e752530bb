import type { CallMade, ChatMessage, Role } from "../conversation.js";
import { ApiError, invalid } from "../errors.js";
import { isFields } from "../json.js";

const ROLES: readonly Role[] = ["system", "developer", "user", "assistant", "tool", "function"];

/**
 * Reads `messages`.
 *
 * @throws ApiError 400 where they are missing or malformed, or where tool calls and their results do not
 *   pair up: services refuse that, and it is what a flow that trims its history gets wrong.
 */
export function readMessages(given: unknown): ChatMessage[] {
  if (given === undefined || given === null) {
    throw new ApiError(400, "Missing required parameter: 'messages'.", {
      param: "messages",
      code: "missing_required_parameter",
    });
  }
  if (!Array.isArray(given))
    throw invalid("messages", "Invalid type for 'messages': expected an array of objects.", "invalid_type");
  if (given.length === 0) {
    throw invalid(
      "messages",
      "Invalid 'messages': empty array. Expected an array with minimum length 1.",
      "empty_array",
    );
  }
  const messages = given.map(readMessage);
  checkPairs(messages);
  return messages;
}

function readMessage(given: unknown, at: number): ChatMessage {
  const path = `messages[${at}]`;
  if (!isFields(given))
    throw invalid(path, `Invalid type for '${path}': expected an object.`, "invalid_type");
  const role = ROLES.find((one) => one === given["role"]);
  if (!role) {
    throw invalid(
      `${path}.role`,
      `Invalid value for '${path}.role': supported values are ${ROLES.map((one) => `'${one}'`).join(", ")}.`,
    );
  }
  const toolCalls = role === "assistant" ? readCalls(given["tool_calls"] ?? undefined, path) : [];
  const toolCallId = given["tool_call_id"];
  if (role === "tool" && typeof toolCallId !== "string") {
    throw new ApiError(400, `Missing required parameter: '${path}.tool_call_id'.`, {
      param: `${path}.tool_call_id`,
      code: "missing_required_parameter",
    });
  }
  const [text, attachments] = readContent(given["content"], path, role);
  return {
    role,
    text,
    attachments,
    toolCalls,
    toolCallId: typeof toolCallId === "string" ? toolCallId : undefined,
  };
}

function readContent(content: unknown, path: string, role: Role): [string, number] {
  if (typeof content === "string") return [content, 0];
  // An assistant message may hold nothing but tool calls, a refusal or audio.
  if ((content === undefined || content === null) && role === "assistant") return ["", 0];
  if (!Array.isArray(content)) {
    const got = content === null ? "null" : content === undefined ? "nothing" : typeof content;
    throw invalid(
      `${path}.content`,
      `Invalid value for '${path}.content': expected a string or an array of parts, got ${got}.`,
    );
  }
  let text = "";
  let attachments = 0;
  for (const part of content) {
    if (!isFields(part))
      throw invalid(
        `${path}.content`,
        `Invalid type for '${path}.content': expected an array of objects.`,
        "invalid_type",
      );
    if (typeof part["text"] === "string") text += part["text"];
    else attachments++;
  }
  return [text, attachments];
}

function readCalls(given: unknown, path: string): CallMade[] {
  if (given === undefined) return [];
  if (!Array.isArray(given))
    throw invalid(
      `${path}.tool_calls`,
      `Invalid type for '${path}.tool_calls': expected an array.`,
      "invalid_type",
    );
  return given.map((call: unknown, at) => {
    const made = isFields(call) ? call["function"] : undefined;
    if (
      !isFields(call) ||
      typeof call["id"] !== "string" ||
      !isFields(made) ||
      typeof made["name"] !== "string" ||
      typeof made["arguments"] !== "string"
    ) {
      const place = `${path}.tool_calls[${at}]`;
      throw invalid(
        place,
        `Invalid '${place}': expected an id and a function with a name and its arguments as a string.`,
      );
    }
    return { id: call["id"], name: made["name"], arguments: made["arguments"] };
  });
}

function checkPairs(messages: readonly ChatMessage[]): void {
  let open = new Set<string>();
  let known = false;
  messages.forEach((message, at) => {
    if (message.role === "tool") {
      if (!known || !open.delete(message.toolCallId ?? "")) {
        throw invalid(
          `messages[${at}].role`,
          "Invalid parameter: messages with role 'tool' must be a response to a preceding message with 'tool_calls'.",
        );
      }
      return;
    }
    checkAnswered(open, at);
    known = message.toolCalls.length > 0;
    open = new Set(message.toolCalls.map((call) => call.id));
  });
  checkAnswered(open, messages.length);
}

function checkAnswered(open: ReadonlySet<string>, at: number): void {
  if (open.size === 0) return;
  throw invalid(
    `messages[${at}].role`,
    `An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not have response messages: ${[...open].join(", ")}`,
  );
}
