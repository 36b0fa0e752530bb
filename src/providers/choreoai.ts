import type { ChatMessage } from "../core/chunk.js";
import { cannotSend, contentParts } from "./content.js";
import { under } from "./http.js";
import { openAiCompatible, SPLIT_THINKING } from "./openai-compatible.js";
import type { Endpoint, Provider } from "./provider.js";

const LABEL = "ChoreoAI";

/** What the server's schema has. It drops every other field without a word. */
const FIELDS: ReadonlySet<string> = new Set([
  "model",
  "messages",
  "stream",
  "temperature",
  "max_tokens",
  "top_p",
  "stop",
  "presence_penalty",
  "frequency_penalty",
  "user",
]);

/**
 * Fields without which the answer would be another one, and whether a value of theirs asks for that. Others that the
 * server does not know (a seed, usage in the stream) are left out.
 */
const MEANINGFUL: Readonly<Record<string, (value: unknown) => boolean>> = {
  tools: () => true,
  functions: () => true,
  tool_choice: (value) => value !== "auto" && value !== "none",
  n: (value) => value !== 1,
  response_format: (value) => (value as { type?: unknown } | undefined)?.type !== "text",
  logprobs: (value) => value !== false,
};

/** The gateway's server (branch `develop`): it routes by the beginning of the model's name. */
export const CHOREOAI: Provider = openAiCompatible({
  id: "choreoai",
  label: LABEL,
  baseUrl: "http://localhost:8000",
  // In development any key will do, but there must be one.
  keyRequired: true,
  keyVariable: "CHOREOAI_API_KEY",
  settings: [SPLIT_THINKING],
  chatUrl: (endpoint) => versioned(endpoint, "chat/completions"),
  modelsUrl: (endpoint) => versioned(endpoint, "models"),
  adapt,
});

/** Its documentation gives the address without `/v1`, its examples with. */
function versioned({ baseUrl }: Endpoint, part: string): URL {
  const ends = /\/v1\/*$/.test(new URL(baseUrl).pathname);
  return under(baseUrl, ends ? part : `v1/${part}`);
}

function adapt(body: Record<string, unknown>): Record<string, unknown> {
  for (const [field, matters] of Object.entries(MEANINGFUL)) {
    if (Object.hasOwn(body, field) && matters(body[field])) throw cannotSend(LABEL, field);
  }
  const known = Object.fromEntries(Object.entries(body).filter(([field]) => FIELDS.has(field)));
  const messages = body["messages"] as readonly ChatMessage[];
  return { ...known, messages: messages.map(plainMessage) };
}

/** A role, a text and a name are all that a message has. */
function plainMessage(message: ChatMessage, at: number): ChatMessage {
  const { role } = message;
  if (role === "tool" || role === "function") throw cannotSend(LABEL, `results of tools (message ${at})`);
  const calls = message["tool_calls"];
  if (Array.isArray(calls) && calls.length > 0) throw cannotSend(LABEL, `tool calls (message ${at})`);
  const texts = contentParts(message, `Message ${at}`).map((part) => {
    if (part.kind !== "text") throw cannotSend(LABEL, `${part.kind} parts (message ${at})`);
    return part.text;
  });
  const name = message["name"];
  return { role, content: texts.join("\n"), ...(typeof name === "string" ? { name } : {}) };
}
