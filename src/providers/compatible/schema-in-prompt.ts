import type { ChatMessage } from "../../core/chat/chunk.js";
import { followedBy } from "../../core/errors/phrase.js";
import { isObject } from "../../core/json/parse.js";

const INSTRUCTION = "Answer with one JSON object and nothing else.";

/**
 * Puts the JSON Schema of an answer into the conversation, for a service that only has `json_object`. Such services also
 * want the word JSON in the conversation.
 * @returns the body, unchanged if it asks for no JSON
 */
export function putSchemaInPrompt(body: Record<string, unknown>): Record<string, unknown> {
  const { response_format: format, messages } = body;
  if (!isObject(format) || !Array.isArray(messages)) return body;
  const definition = format["type"] === "json_schema" ? format["json_schema"] : undefined;
  if (isObject(definition)) {
    const { schema, description } = definition;
    const purpose = typeof description === "string" ? ` ${description}` : "";
    const rule = schema === undefined ? "" : ` It must match this JSON Schema: ${JSON.stringify(schema)}`;
    return {
      ...body,
      response_format: { type: "json_object" },
      messages: addInstruction(messages, INSTRUCTION + purpose + rule),
    };
  }
  if (format["type"] !== "json_object" || messages.some(mentionsJson)) return body;
  return { ...body, messages: addInstruction(messages, INSTRUCTION) };
}

function mentionsJson({ content }: ChatMessage): boolean {
  return /json/i.test(typeof content === "string" ? content : (JSON.stringify(content) ?? ""));
}

/** Adds an instruction to the system message, or creates one. */
function addInstruction(messages: readonly ChatMessage[], instruction: string): ChatMessage[] {
  const [first, ...rest] = messages;
  if (first?.role === "system" && typeof first.content === "string") {
    return [{ ...first, content: `${first.content}\n\n${instruction}` }, ...rest];
  }
  return [{ role: "system", content: instruction }, ...messages];
}

const FORMAT = /response_?format|json_?schema|structured[ _]outputs?/gi;

const UNSUPPORTED = [
  followedBy(
    FORMAT,
    80,
    /\b(unavailable|not (yet |currently )?(available|supported|implemented)|unsupported)\b/i,
  ),
  followedBy(
    /\b(not|n't) (yet |currently )?support|\bunsupported\b|\bonly supports?\b/gi,
    80,
    /response_?format|json_?schema|json_object|structured[ _]outputs?/i,
  ),
  followedBy(FORMAT, 80, /\b(must|should|has to) be\b[^.]{0,60}\bjson_object\b/i),
];

/** How much of a refusal is read. */
const MAX_REFUSAL_CHARS = 4_000;

/** Whether a refusal says that the service takes no JSON Schema. A refusal of the schema itself is another one. */
export function refusesSchemas(refusal: string): boolean {
  const text = refusal.slice(0, MAX_REFUSAL_CHARS);
  return !/\binvalid (json )?schema\b/i.test(text) && UNSUPPORTED.some((pattern) => pattern.test(text));
}
