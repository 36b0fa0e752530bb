import { isObject } from "../json/parse.js";
import type { AssistantMessage, ChatMessage } from "./chunk.js";
import type { ChatRequest } from "./request.js";
import {
  ANTHROPIC_BLOCKS,
  ANTHROPIC_ORDER,
  GEMINI_PARTS,
  isReasoningField,
  omitFields,
  RESPONSES_ITEMS,
  RESPONSES_ORDER,
} from "./vendor-echo.js";

/** Field of an answer in a conversation: the service whose own fields it keeps beside its text. */
const KEPT_FOR = "kept_for";

/** Fields that are kept for the service that answered. */
const KEPT_FIELDS: ReadonlySet<string> = new Set([
  "images",
  "reasoning_details",
  "thinking_blocks",
  "extra_content",
  "thought_signature",
  ANTHROPIC_BLOCKS,
  ANTHROPIC_ORDER,
  GEMINI_PARTS,
  RESPONSES_ITEMS,
  RESPONSES_ORDER,
]);

/** Kept fields that make an answer non-empty without text. */
const CONTENT_FIELDS = ["images", ANTHROPIC_BLOCKS, GEMINI_PARTS, RESPONSES_ITEMS] as const;

/**
 * Builds the entry of a conversation for an answer: its text, and the fields that its service wants back. Readable reasoning
 * is one of them only after tool calls: some services refuse a turn with calls without it (DeepSeek), and none wants it
 * back of other turns.
 * @param content the answer's text as the reader got it
 * @param service the service that answered, in the form of `ChatResult.service`
 * @param followsCalls whether the model called tools in this turn; default false
 * @returns undefined for an empty answer, which services refuse in a request
 */
export function buildHistoryEntry(
  message: AssistantMessage | undefined,
  content: string,
  service: string | undefined,
  followsCalls = false,
): ChatMessage | undefined {
  // The service's own role is not used: with a role such as `system`, the answer would become an instruction.
  const answer: ChatMessage = { role: "assistant", content };
  const isWanted = (field: string) => KEPT_FIELDS.has(field) || (followsCalls && isReasoningField(field));
  const fields =
    message && service !== undefined
      ? Object.keys(message).filter((field) => isWanted(field) && isWorthKeeping(message, field))
      : [];
  for (const field of fields) answer[field] = message![field];
  if (fields.length > 0) answer[KEPT_FOR] = service;
  return hasContent(answer) ? answer : undefined;
}

function isWorthKeeping(message: AssistantMessage, field: string): boolean {
  const value = message[field];
  if (field === "reasoning_details" || field === "thinking_blocks") return isFullySigned(value);
  return typeof value === "object" ? value !== null && Object.keys(value).length > 0 : Boolean(value);
}

/** Whether all reasoning is signed: services refuse to take back a thought that was cut off before its signature. */
function isFullySigned(details: unknown): boolean {
  if (!Array.isArray(details) || !details.every(isObject)) return false;
  const marked = details.filter(({ signature, data }) => signature || data);
  const isThought = ({ type }: Record<string, unknown>) => type === "reasoning.text" || type === "thinking";
  return marked.length > 0 && details.every((detail) => !isThought(detail) || marked.includes(detail));
}

function hasContent(answer: ChatMessage): boolean {
  return String(answer.content).trim() !== "" || CONTENT_FIELDS.some((field) => answer[field] !== undefined);
}

/**
 * Removes the fields that an answer keeps for other services than the one that gets the request.
 * @param getService names the service that gets the request, in the form of `ChatResult.service`
 */
export function removeForeignFields(request: ChatRequest, getService: () => string): ChatRequest {
  const { messages } = request;
  if (!messages.some((message) => KEPT_FOR in message)) return request;
  const service = getService();
  const readable = messages.flatMap((message) => {
    const isReadable = !(KEPT_FOR in message) || message[KEPT_FOR] === service;
    return isReadable ? [omitFields(message, [KEPT_FOR])] : keepTextOnly(message);
  });
  return { ...request, messages: readable };
}

/** Removes pictures from all answers but the latest one with pictures: they are large and go out with each request. */
export function dropOlderPictures(conversation: ChatMessage[]): ChatMessage[] {
  const hasPictures = (message: ChatMessage) => KEPT_FOR in message && message["images"] !== undefined;
  const newest = conversation.findLastIndex(hasPictures);
  return conversation.flatMap((message, at) =>
    at < newest && hasPictures(message) ? keepTextOnly(message) : [message],
  );
}

/** Removes all kept fields. @returns nothing if the answer has no text */
function keepTextOnly(message: ChatMessage): ChatMessage[] {
  const isKept = (field: string) => field === KEPT_FOR || KEPT_FIELDS.has(field) || isReasoningField(field);
  const answer = omitFields(message, Object.keys(message).filter(isKept));
  return hasContent(answer) ? [answer] : [];
}
