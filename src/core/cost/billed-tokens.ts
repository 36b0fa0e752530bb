import { EARLIER_PARTS, type Usage } from "../chat/chunk.js";
import { isObject } from "../json/parse.js";

/** The tokens of an answer, counted in the same way for every service. A count that a service does not report is 0. */
export interface BilledTokens {
  /** All tokens of the request, also those that came from a cache, went into one, or are sound. */
  input: number;
  /** All tokens of the answer, also those of reasoning, citations and sound. */
  output: number;
  /** Part of `input`. */
  cacheRead: number;
  /** Part of `input`. */
  cacheWrite: number;
  /** Part of `cacheWrite`: for an hour instead of five minutes. */
  cacheWriteHour: number;
  /** Part of `input`. */
  inputAudio: number;
  /** Part of `cacheRead` and of `inputAudio`. */
  cachedAudio: number;
  /** Part of `output`. */
  reasoning: number;
  /** Part of `output`. */
  outputAudio: number;
  /** Part of `output`, from a service that bills what it cites. */
  citations: number;
  /** Searches of the web, which some services bill one by one. */
  webSearches: number;
}

/** @returns counts of plain tokens: no cached ones, no audio, no reasoning */
export function createPlainTokens(input: number, output: number): BilledTokens {
  const none = { cacheRead: 0, cacheWrite: 0, cacheWriteHour: 0, inputAudio: 0, cachedAudio: 0 };
  return { input, output, ...none, reasoning: 0, outputAudio: 0, citations: 0, webSearches: 0 };
}

/**
 * Reads the counts of a usage in the form that the dialects give it: the names of Chat Completions, and the service's own
 * ones beside them. The tests have the table of the services.
 * @returns undefined if the service counted nothing, or in a form that cannot be right
 */
export function readBilledTokens(usage: Usage | null | undefined): BilledTokens | undefined {
  if (!isObject(usage)) return undefined;
  const reader = new CountReader(usage);
  const counts = readCounts(reader);
  return reader.isBroken || !areConsistent(counts) ? undefined : counts;
}

/**
 * Lists the usages of all that was billed for an answer: of its last part, of the parts before a pause, and of the summaries
 * that Anthropic made of the conversation (compaction), which its counts leave out.
 */
export function listBilledUsages(usage: Usage): Usage[] {
  const parts = [usage, ...listObjects(usage[EARLIER_PARTS])];
  return parts.flatMap((part) => {
    const summaries = listObjects(part["iterations"]).filter(({ type }) => type === "compaction");
    return [part, ...summaries];
  });
}

function listObjects(value: unknown): Usage[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

function readCounts(reader: CountReader): BilledTokens {
  const reasoning = reader.read("completion_tokens_details.reasoning_tokens", "reasoning_tokens");
  const citations = reader.read("citation_tokens");
  const cacheRead = reader.read(
    "prompt_tokens_details.cached_tokens",
    "cache_read_input_tokens",
    "prompt_cache_hit_tokens",
    "num_cached_tokens",
    "prompt_token_details.cached_tokens",
  );
  const inputAudio =
    reader.read("prompt_tokens_details.audio_tokens") || reader.readModality("promptTokensDetails", "AUDIO");
  return {
    input: reader.read("prompt_tokens", "input_tokens"),
    output: readOutput(reader, reasoning, citations),
    cacheRead,
    cacheWrite: reader.read("prompt_tokens_details.cache_write_tokens", "cache_creation_input_tokens"),
    cacheWriteHour: reader.read("cache_creation.ephemeral_1h_input_tokens"),
    inputAudio,
    cachedAudio: inputAudio > 0 && cacheRead > 0 ? readCachedAudio(reader) : 0,
    reasoning,
    outputAudio:
      reader.read("completion_tokens_details.audio_tokens") ||
      reader.readModality("candidatesTokensDetails", "AUDIO"),
    citations,
    webSearches: reader.read("server_tool_use.web_search_requests", "num_search_queries"),
  };
}

/** Reads how much of the sound came from the cache. Without that, the price of a request with both cannot be known. */
function readCachedAudio(reader: CountReader): number {
  const path = "prompt_tokens_details.cached_tokens_details.audio_tokens";
  if (reader.has(path)) return reader.read(path);
  if (!reader.has("cacheTokensDetails")) reader.isBroken = true;
  return reader.readModality("cacheTokensDetails", "AUDIO");
}

/**
 * Reads the tokens of the answer. Most services count reasoning as a part of them. xAI does so for some models and not for
 * others, which the total tells; Perplexity counts reasoning and citations beside them.
 */
function readOutput(reader: CountReader, reasoning: number, citations: number): number {
  const output = reader.read("completion_tokens", "output_tokens");
  const isPerplexity = reader.has("citation_tokens") || reader.has("num_search_queries");
  if (isPerplexity) return output + reasoning + citations;
  const isBeside = reader.read("total_tokens") === reader.read("prompt_tokens") + output + reasoning;
  return isBeside ? output + reasoning : output;
}

function areConsistent(counts: BilledTokens): boolean {
  const { input, output, cacheRead, cacheWrite, cacheWriteHour, inputAudio, cachedAudio } = counts;
  if (input + output === 0) return false;
  const isCached = cachedAudio <= Math.min(cacheRead, inputAudio) && cacheWriteHour <= cacheWrite;
  const isWithinInput = cacheRead + cacheWrite + inputAudio - cachedAudio <= input;
  return isCached && isWithinInput && counts.reasoning + counts.outputAudio + counts.citations <= output;
}

/** Reads counts by their paths, and notes if one of them is no count. */
class CountReader {
  isBroken = false;

  constructor(private readonly usage: Usage) {}

  has(path: string): boolean {
    const value = this.find(path);
    return value !== undefined && value !== null;
  }

  /** @returns the first count that is there; 0 if none is */
  read(...paths: string[]): number {
    const value = paths.map((path) => this.find(path)).find((found) => found !== undefined && found !== null);
    return this.check(value ?? 0);
  }

  /** Reads a count out of Gemini's list of `{modality, tokenCount}`. */
  readModality(field: string, modality: string): number {
    const list: unknown = this.usage[field];
    const entries = Array.isArray(list) ? list.filter(isObject) : [];
    return this.check(entries.find((entry) => entry["modality"] === modality)?.["tokenCount"] ?? 0);
  }

  private check(value: unknown): number {
    if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
    this.isBroken = true;
    return 0;
  }

  private find(path: string): unknown {
    let value: unknown = this.usage;
    for (const step of path.split(".")) value = isObject(value) ? value[step] : undefined;
    return value;
  }
}
