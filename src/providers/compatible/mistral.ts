import type { ChatMessage } from "../../core/chat/chunk.js";
import { type AssistantSchema, restrictMessages, separateResults } from "../shared/strict-messages.js";

/** Mistral refuses unknown fields. */
const FIELDS: AssistantSchema = { fields: new Set(["content", "prefix", "tool_calls"]) };

/**
 * Brings a body into Mistral's form (@mistralai/mistralai 2.7, `ChatCompletionStreamRequest`): the seed has another name,
 * fields of OpenAI about who asks and what is kept are unknown, and a user's message cannot follow a tool's result.
 */
export function adaptMistralBody({
  seed,
  user: _user,
  safety_identifier: _id,
  store: _store,
  ...body
}: Record<string, unknown>): Record<string, unknown> {
  const messages = (body["messages"] as readonly ChatMessage[]).map(placeThoughts);
  const fields = seed === undefined ? body : { random_seed: seed, ...body };
  // "Unexpected role 'user' after role 'tool'"
  return separateResults(restrictMessages({ ...fields, messages }, FIELDS));
}

/** Puts the reasoning of an answer before its text, where Mistral has it (`ThinkChunk`). */
function placeThoughts(message: ChatMessage): ChatMessage {
  const { role, content, reasoning_content: thoughts } = message;
  if (role !== "assistant" || typeof thoughts !== "string" || thoughts === "") return message;
  if (content !== null && content !== undefined && typeof content !== "string") return message;
  const thinking = { type: "thinking", thinking: [{ type: "text", text: thoughts }], closed: true };
  return { ...message, content: [thinking, ...(content ? [{ type: "text", text: content }] : [])] };
}
