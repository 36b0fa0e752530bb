import { createInvalidFieldError, createMissingFieldError, DemoError } from "../../errors.js";
import { type DemoFields, isFields } from "../../json.js";
import type { DemoMessage } from "../../prompt.js";

const ROLES = ["system", "developer", "user", "assistant"] as const;

/**
 * Reads `input`: one text, or the items of a conversation. What the model said between two other items is one message.
 *
 * @throws DemoError 400 if an item is malformed, or if tool calls and their outputs do not pair up
 */
export function readInput(input: unknown): DemoMessage[] {
  if (input === undefined) throw createMissingFieldError("input");
  if (typeof input === "string") return [createMessage("user", { text: input })];
  if (!Array.isArray(input)) {
    throw createInvalidFieldError("input", "expected a string or an array of items.", "invalid_type");
  }
  if (input.length === 0)
    throw createInvalidFieldError("input", "expected at least one item.", "empty_array");
  const messages: DemoMessage[] = [];
  input.forEach((item: unknown, at) => {
    const message = readItem(item, `input[${at}]`);
    const last = messages.at(-1);
    if (message?.role === "assistant" && last?.role === "assistant") {
      const toolCalls = [...last.toolCalls, ...message.toolCalls];
      messages.splice(-1, 1, { ...last, text: last.text + message.text, toolCalls });
    } else if (message) messages.push(message);
  });
  checkOutputs(messages);
  return messages;
}

/** @returns undefined for reasoning: the demo model thinks anew */
function readItem(item: unknown, path: string): DemoMessage | undefined {
  if (!isFields(item)) throw createInvalidFieldError(path, "expected an object.", "invalid_type");
  const { type = "message" } = item;
  if (type === "message") return readMessage(item, path);
  if (type === "reasoning") return undefined;
  const { call_id: id, name, arguments: text, output } = item;
  if (type === "function_call") {
    if (typeof id === "string" && typeof name === "string" && typeof text === "string") {
      return createMessage("assistant", { toolCalls: [{ id, name, arguments: text }] });
    }
    throw createInvalidFieldError(path, "expected a call_id, a name, and arguments as a string.");
  }
  if (type !== "function_call_output") {
    const known = "'message', 'reasoning', 'function_call' and 'function_call_output'";
    throw createInvalidFieldError(`${path}.type`, `the demo server supports ${known}.`);
  }
  if (typeof id !== "string") throw createMissingFieldError(`${path}.call_id`);
  return { ...createMessage("tool", readContent(output, `${path}.output`)), toolCallId: id };
}

function readMessage(item: DemoFields, path: string): DemoMessage {
  const role = ROLES.find((known) => known === item["role"]);
  if (!role) throw createInvalidFieldError(`${path}.role`, `supported values are ${ROLES.join(", ")}.`);
  const content = readContent(item["content"], `${path}.content`);
  if (role !== "assistant" || !isListOf(item["content"], "input_text")) return createMessage(role, content);
  throw createInvalidFieldError(`${path}.content`, "supported parts are 'output_text' and 'refusal'.");
}

function readContent(content: unknown, path: string): Pick<DemoMessage, "text" | "attachments" | "pictures"> {
  if (typeof content === "string") return { text: content, attachments: 0, pictures: [] };
  if (!Array.isArray(content) || !content.every(isFields)) {
    throw createInvalidFieldError(path, "expected a string or an array of parts.", "invalid_type");
  }
  const texts = content.map((part) => part["text"]).filter((text) => typeof text === "string");
  const pictures = content.map((part) => part["image_url"]).filter((url) => typeof url === "string");
  return { text: texts.join(""), attachments: content.length - texts.length, pictures };
}

function isListOf(content: unknown, type: string): boolean {
  return Array.isArray(content) && content.some((part) => isFields(part) && part["type"] === type);
}

function createMessage(role: DemoMessage["role"], more: Partial<DemoMessage>): DemoMessage {
  return { role, text: "", attachments: 0, pictures: [], toolCalls: [], toolCallId: undefined, ...more };
}

/** Checks that each call gets an output before the model speaks again or the input ends, and each output has a call. */
function checkOutputs(messages: readonly DemoMessage[]): void {
  const open = new Set<string>();
  for (const { role, toolCalls, toolCallId = "" } of messages) {
    if (role === "tool" && !open.delete(toolCallId)) {
      throw refuseInput(
        `No tool call found for function call output with call_id ${toolCallId.slice(0, 100)}.`,
      );
    }
    if (role === "assistant") checkAllAnswered(open);
    for (const { id } of toolCalls) open.add(id);
  }
  checkAllAnswered(open);
}

function checkAllAnswered(open: ReadonlySet<string>): void {
  const [id] = open;
  if (id !== undefined) throw refuseInput(`No tool output found for function call ${id.slice(0, 100)}.`);
}

function refuseInput(message: string): DemoError {
  return new DemoError(400, message, { param: "input" });
}
