import type { Chunk } from "../core/chat/chunk.js";

/** Fields of a delta that say nothing by themselves. */
const SILENT_FIELDS: ReadonlySet<string> = new Set(["role", "name", "content"]);

/** Whether a chunk says something: text, reasoning, a tool call. One that has only metadata can wait. */
export function hasContent(chunk: Chunk, text: string): boolean {
  if (text !== "") return true;
  const delta = chunk.choices.find(({ index }) => index === 0)?.delta ?? {};
  for (const key in delta) {
    const value = delta[key];
    if (SILENT_FIELDS.has(key) || value === null || value === undefined || value === "") continue;
    if (!Array.isArray(value) || value.length > 0) return true;
  }
  return false;
}
