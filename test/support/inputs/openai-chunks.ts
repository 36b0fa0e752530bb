/** The record that ends a stream. */
export const DONE_RECORD = "[DONE]";

/** Records as an event stream: objects as JSON, strings as they are. */
export function formatEventStream(...records: readonly unknown[]): Buffer {
  return Buffer.from(records.map((record) => `data: ${formatRecordData(record)}\n\n`).join(""));
}

/** Raw text as a body. */
export function encodeText(...lines: readonly string[]): Buffer {
  return Buffer.from(lines.join(""));
}

function formatRecordData(record: unknown): string {
  return typeof record === "string" ? record : JSON.stringify(record);
}

/** Head fields of most services' chunks. */
export const HEAD = { id: "chatcmpl-1", object: "chat.completion.chunk", created: 1760000000, model: "m-1" };

/** A chunk with one choice. */
export function buildChunk(delta: unknown, choice: object = {}, more: object = {}): object {
  return { ...HEAD, choices: [{ index: 0, delta, finish_reason: null, ...choice }], ...more };
}

/** A chunk that adds text. */
export function buildTextChunk(content: string, choice: object = {}, more: object = {}): object {
  return buildChunk({ content }, choice, more);
}

/** The chunk that many services begin with. */
export const ROLE_CHUNK = buildChunk({ role: "assistant", content: "" });

/** The chunk that ends the only choice. */
export function buildFinishChunk(reason: string | null = "stop", more: object = {}): object {
  return buildChunk({}, { finish_reason: reason }, more);
}

/** The chunk after the last one, with nothing but counts. */
export function buildUsageChunk(usage: object): object {
  return { ...HEAD, choices: [], usage };
}

export const USAGE = { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 };

/** A piece of a tool call, the only one of its chunk. */
export function buildCallChunk(piece: object): object {
  return buildChunk({ tool_calls: [piece] });
}

/** A whole tool call as the completion has it. */
export function buildToolCall(id: string, name: string, args: string): object {
  return { id, type: "function", function: { name, arguments: args } };
}

/** Records as an event stream; multi-line JSON over several data lines. */
export function formatMultilineEvents(records: readonly string[]): Buffer {
  return Buffer.from(records.map((data) => `${data.replace(/^/gm, "data: ")}\n\n`).join(""));
}
