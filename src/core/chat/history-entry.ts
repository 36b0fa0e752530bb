import { isObject } from "../json/parse.js";
import type { AssistantMessage, ChatMessage } from "./chunk.js";
import type { ChatRequest } from "./request.js";
import { ANTHROPIC_BLOCKS, ANTHROPIC_ORDER, GEMINI_PARTS, omitFields } from "./vendor-echo.js";

/** The field of an answer in a conversation that says for which service it keeps more than its text. */
const KEPT_FOR = "kept_for";

/** What that is. Not the readable reasoning: some services refuse it, and none wants it back after the turn. */
const KEPT_FIELDS = [
  "images",
  "reasoning_details",
  "extra_content",
  "thought_signature",
  ANTHROPIC_BLOCKS,
  ANTHROPIC_ORDER,
  GEMINI_PARTS,
] as const;

/** Of what is kept, that which is an answer without a word of text. */
const CONTENT_FIELDS = ["images", ANTHROPIC_BLOCKS, GEMINI_PARTS] as const;

/**
 * An answer as a conversation keeps it: its text, and what its service alone can read and wants back with it.
 * @param content its text, as its reader got it
 * @param service who answered, as `ChatResult.service` has it
 * @returns undefined for an answer that says nothing: services refuse one in what they are sent
 */
export function buildHistoryEntry(
  message: AssistantMessage | undefined,
  content: string,
  service: string | undefined,
): ChatMessage | undefined {
  const answer: ChatMessage = { role: message?.role ?? "assistant", content };
  const fields =
    message && service !== undefined ? KEPT_FIELDS.filter((field) => isWorthKeeping(message, field)) : [];
  for (const field of fields) answer[field] = message![field];
  if (fields.length > 0) answer[KEPT_FOR] = service;
  return hasContent(answer) ? answer : undefined;
}

function isWorthKeeping(message: AssistantMessage, field: string): boolean {
  const value = message[field];
  if (field === "reasoning_details") return isFullySigned(value);
  return typeof value === "object" ? value !== null && Object.keys(value).length > 0 : Boolean(value);
}

/** Whether all of it can go back: a thought that was cut off before its signature is refused. */
function isFullySigned(details: unknown): boolean {
  if (!Array.isArray(details) || !details.every(isObject)) return false;
  const marked = details.filter(({ signature, data }) => signature || data);
  return (
    marked.length > 0 &&
    details.every((detail) => detail["type"] !== "reasoning.text" || marked.includes(detail))
  );
}

function hasContent(answer: ChatMessage): boolean {
  return String(answer.content).trim() !== "" || CONTENT_FIELDS.some((field) => answer[field] !== undefined);
}

/**
 * A request as one service gets it: of the answers of others that its conversation holds, the text alone.
 * @param service who is asked, as `ChatResult.service` has it
 */
export function removeForeignFields(request: ChatRequest, service: () => string): ChatRequest {
  const { messages } = request;
  if (!messages.some((message) => KEPT_FOR in message)) return request;
  const name = service();
  const own = messages.flatMap((message) => {
    const itsOwn = !(KEPT_FOR in message) || message[KEPT_FOR] === name;
    return itsOwn ? [omitFields(message, [KEPT_FOR])] : keepTextOnly(message);
  });
  return { ...request, messages: own };
}

/** A conversation where only the latest answer with pictures has them still: they are large, and go out each time. */
export function dropOlderPictures(conversation: ChatMessage[]): ChatMessage[] {
  const isDrawn = (message: ChatMessage) => KEPT_FOR in message && message["images"] !== undefined;
  const newest = conversation.findLastIndex(isDrawn);
  return conversation.flatMap((message, at) =>
    at < newest && isDrawn(message) ? keepTextOnly(message) : [message],
  );
}

/** @returns none where there was no text */
function keepTextOnly(message: ChatMessage): ChatMessage[] {
  const answer = omitFields(message, [KEPT_FOR, ...KEPT_FIELDS]);
  return hasContent(answer) ? [answer] : [];
}
