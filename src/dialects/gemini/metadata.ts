import type { Logprobs, Usage } from "../../core/chat/chunk.js";
import { isObject } from "../../core/json/parse.js";

/**
 * The counts under the names of Chat Completions, with Gemini's own beside them. Those of a later record are of all of
 * the answer so far. Gemini counts thoughts apart from the answer and tools' results apart from the prompt;
 * `completion_tokens` and `prompt_tokens` are with them, so that both together are the total.
 */
export function readGeminiUsage(metadata: unknown): Usage | undefined {
  if (!isObject(metadata)) return undefined;
  const prompt = sum(metadata["promptTokenCount"], metadata["toolUsePromptTokenCount"]);
  const completion = sum(metadata["candidatesTokenCount"], metadata["thoughtsTokenCount"]);
  const total = metadata["totalTokenCount"];
  const usage: Usage = {};
  if (prompt !== undefined) usage["prompt_tokens"] = prompt;
  if (completion !== undefined) usage["completion_tokens"] = completion;
  if (typeof total === "number") usage["total_tokens"] = total;
  if (Object.keys(usage).length === 0) return undefined;
  const { cachedContentTokenCount: cached, thoughtsTokenCount: thoughts } = metadata;
  if (typeof cached === "number") usage["prompt_tokens_details"] = { cached_tokens: cached };
  if (typeof thoughts === "number") usage["completion_tokens_details"] = { reasoning_tokens: thoughts };
  return { ...usage, ...metadata };
}

function sum(...counts: unknown[]): number | undefined {
  const known = counts.filter((count) => typeof count === "number");
  return known.length === 0 ? undefined : known.reduce((total, count) => total + count);
}

/** Where a candidate says its text is from, as annotations of Chat Completions. Places are Gemini's own, in bytes: left out. */
export function readGeminiAnnotations(
  candidate: Record<string, unknown>,
): { url: string; annotation: object }[] {
  const grounding = membersOf(candidate["groundingMetadata"], "groundingChunks").map(
    (chunk) => chunk["web"] ?? chunk["retrievedContext"] ?? chunk["maps"],
  );
  const cited = [
    ...membersOf(candidate["citationMetadata"], "citationSources"),
    ...membersOf(candidate["citationMetadata"], "citations"),
  ];
  return [...grounding, ...cited].flatMap((source) => {
    const url = isObject(source) ? source["uri"] : undefined;
    if (typeof url !== "string" || url === "") return [];
    const { title } = source as Record<string, unknown>;
    const citation = { url, ...(typeof title === "string" ? { title } : {}) };
    return [{ url, annotation: { type: "url_citation", url_citation: citation } }];
  });
}

/** Probabilities of a candidate's tokens in the form of Chat Completions. */
export function readGeminiLogprobs(result: unknown): Logprobs | undefined {
  const chosen = membersOf(result, "chosenCandidates");
  if (chosen.length === 0) return undefined;
  const top = membersOf(result, "topCandidates");
  const content = chosen.map((token, at) => ({
    ...probability(token),
    top_logprobs: membersOf(top[at], "candidates").map(probability),
  }));
  return { content };
}

function probability(token: Record<string, unknown>): Record<string, unknown> {
  return { token: token["token"], logprob: token["logProbability"] };
}

/** The objects of a list inside an object, or none. */
function membersOf(holder: unknown, key: string): Record<string, unknown>[] {
  const list = isObject(holder) ? holder[key] : undefined;
  return Array.isArray(list) ? list.filter(isObject) : [];
}
