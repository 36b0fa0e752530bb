import type { Logprobs, Usage } from "../../core/chat/chunk.js";
import { isObject } from "../../core/json/parse.js";

/**
 * Reads the counts (Gemini API reference, "UsageMetadata"), under the names of Chat Completions and under Gemini's own.
 * Each record has the counts of the whole answer so far. Gemini counts thoughts beside the answer, and results of tools
 * beside the prompt. `completion_tokens` and `prompt_tokens` include them, so that their sum is the total.
 */
export function readGeminiUsage(metadata: unknown): Usage | undefined {
  if (!isObject(metadata)) return undefined;
  const prompt = addCounts(metadata["promptTokenCount"], metadata["toolUsePromptTokenCount"]);
  const completion = addCounts(metadata["candidatesTokenCount"], metadata["thoughtsTokenCount"]);
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

/** Adds the counts that are present. @returns undefined if none is */
function addCounts(...counts: unknown[]): number | undefined {
  const numbers = counts.filter((count) => typeof count === "number");
  return numbers.length === 0 ? undefined : numbers.reduce((total, count) => total + count);
}

/**
 * Reads the sources of a candidate's text (Gemini API reference, "GroundingMetadata" and "CitationMetadata") as
 * annotations of Chat Completions. Positions in the text are left out, since Gemini counts them in bytes.
 */
export function readGeminiAnnotations(
  candidate: Record<string, unknown>,
): { url: string; annotation: object }[] {
  const groundingSources = readObjects(candidate["groundingMetadata"], "groundingChunks").map(
    (chunk) => chunk["web"] ?? chunk["retrievedContext"] ?? chunk["maps"] ?? chunk["image"],
  );
  const citedSources = [
    ...readObjects(candidate["citationMetadata"], "citationSources"),
    ...readObjects(candidate["citationMetadata"], "citations"),
  ];
  return [...groundingSources, ...citedSources].flatMap((source) => {
    // A picture has the address of its page, too (@google/genai 3.3, `GroundingChunkImage`).
    const url = isObject(source) ? (source["uri"] ?? source["sourceUri"]) : undefined;
    if (typeof url !== "string" || url === "") return [];
    const { title } = source as Record<string, unknown>;
    const citation = { url, ...(typeof title === "string" ? { title } : {}) };
    return [{ url, annotation: { type: "url_citation", url_citation: citation } }];
  });
}

/** Reads the probabilities of a candidate's tokens (Gemini API reference, "LogprobsResult"). */
export function readGeminiLogprobs(result: unknown): Logprobs | undefined {
  const chosen = readObjects(result, "chosenCandidates");
  if (chosen.length === 0) return undefined;
  const alternatives = readObjects(result, "topCandidates");
  const content = chosen.map((token, position) => ({
    ...toLogprob(token),
    top_logprobs: readObjects(alternatives[position], "candidates").map(toLogprob),
  }));
  return { content };
}

function toLogprob(token: Record<string, unknown>): Record<string, unknown> {
  return { token: token["token"], logprob: token["logProbability"] };
}

/** Reads the objects of a list in a field; none if there is no such list. */
function readObjects(holder: unknown, field: string): Record<string, unknown>[] {
  const list = isObject(holder) ? holder[field] : undefined;
  return Array.isArray(list) ? list.filter(isObject) : [];
}
