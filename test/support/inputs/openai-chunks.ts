/*
 * Chunks of Chat Completions as services send them. They are loosely typed, because fixtures also contain malformed
 * ones. Well-formed chunks with types are created by `createChunk` of the scripted service.
 */

/** The record that ends a stream, without its framing. */
export const DONE_RECORD = "[DONE]";

/** Formats records as an event stream. Objects become JSON, strings stay as they are. */
export function formatEventStream(...records: readonly unknown[]): Buffer {
  const texts = records.map((record) => (typeof record === "string" ? record : JSON.stringify(record)));
  return Buffer.from(texts.map((text) => `data: ${text}\n\n`).join(""));
}

/** Formats records of several lines as an event stream, with one data field a line. */
export function formatMultilineEvents(records: readonly string[]): Buffer {
  return Buffer.from(records.map((text) => `${text.replace(/^/gm, "data: ")}\n\n`).join(""));
}

/** Encodes text in UTF-8, for bodies that are not well-formed event streams. */
export function encodeText(...texts: readonly string[]): Buffer {
  return Buffer.from(texts.join(""));
}

/** The fields that chunks of most services begin with. */
export const CHUNK_HEAD = {
  id: "chatcmpl-1",
  object: "chat.completion.chunk",
  created: 1760000000,
  model: "m-1",
};

/** Builds a chunk with one choice. @param choice more fields of the choice @param more more fields of the chunk */
export function buildChunk(delta: unknown, choice: object = {}, more: object = {}): object {
  return { ...CHUNK_HEAD, choices: [{ index: 0, delta, finish_reason: null, ...choice }], ...more };
}

/** Builds a chunk that adds text. */
export function buildTextChunk(content: string, choice: object = {}, more: object = {}): object {
  return buildChunk({ content }, choice, more);
}

/** The chunk that many services begin with. */
export const ROLE_CHUNK = buildChunk({ role: "assistant", content: "" });

/** Builds the chunk that ends the only choice. */
export function buildFinishChunk(reason: string | null = "stop", more: object = {}): object {
  return buildChunk({}, { finish_reason: reason }, more);
}

/** Builds the chunk with the usage alone, which follows the finish reason. */
export function buildUsageChunk(usage: object): object {
  return { ...CHUNK_HEAD, choices: [], usage };
}

/** Some token counts. */
export const FIXTURE_USAGE = { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 };

/** Builds a chunk with one piece of a tool call. */
export function buildCallChunk(piece: object): object {
  return buildChunk({ tool_calls: [piece] });
}

/** Builds a whole tool call as the completion contains it. @param args JSON text */
export function buildToolCall(id: string, name: string, args: string): object {
  return { id, type: "function", function: { name, arguments: args } };
}
