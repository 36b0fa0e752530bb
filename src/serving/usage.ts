import type { Usage } from "../core/chat/chunk.js";

/** The counts of an answer, in the words of Chat Completions. All three are there, or there is no usage. */
export interface TokenCounts {
  prompt: number;
  completion: number;
  total: number;
}

/** Reads the counts of a usage. @returns undefined if one is missing: strict clients refuse half of them */
export function readCounts(usage: Usage | null): TokenCounts | undefined {
  const prompt = usage?.["prompt_tokens"];
  const completion = usage?.["completion_tokens"];
  if (typeof prompt !== "number" || typeof completion !== "number") return undefined;
  const total = usage?.["total_tokens"];
  return { prompt, completion, total: typeof total === "number" ? total : prompt + completion };
}
