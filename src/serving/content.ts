import type { Chunk } from "../core/chat/chunk.js";

/** Fields of a delta that are no content, or whose content is examined apart. */
const SILENT_FIELDS: ReadonlySet<string> = new Set(["role", "name", "content"]);

/** Whether a chunk has content: text, reasoning, a tool call. A chunk with metadata alone can wait. */
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
