import type { ChunkChoice, Delta } from "../core/chat/chunk.js";
import type { ChunkKind } from "./dialect.js";

/** Fields of a delta that make no message by themselves. */
const QUIET: ReadonlySet<string> = new Set(["role", "content", "name"]);

/** Whether a delta has something that its reader needs the chunk for. */
export function isRich(delta: Delta): boolean {
  for (const key in delta) if (!QUIET.has(key)) return true;
  return false;
}

/** The same for a choice: probabilities, and any answer but the first. */
export function isRichChoice(choice: ChunkChoice): boolean {
  return (
    Boolean(choice.logprobs) || isRich(choice.delta) || (choice.index > 0 && Boolean(choice.delta.content))
  );
}

/** @param text what a chunk adds to the first choice's answer */
export function toChunkKind(rich: boolean, text: string): ChunkKind {
  if (rich) return "rich";
  return text === "" ? "silent" : "text";
}
