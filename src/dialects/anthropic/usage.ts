import type { Usage } from "../../core/chat/chunk.js";
import { mergeField } from "../../core/chat/vendor-fields.js";
import { isObject } from "../../core/json/parse.js";

/**
 * The counts of an answer of Anthropic's. Those at the end are of the whole answer and replace those from its beginning;
 * what only the beginning told (input, cache) stays.
 */
export class AnthropicUsage {
  private counts: Record<string, unknown> = {};

  /** Takes what is there; null overwrites nothing. */
  add(usage: unknown): void {
    if (isObject(usage)) this.counts = mergeField(this.counts, usage) as Record<string, unknown>;
  }

  /**
   * The counts under the names of Chat Completions, with Anthropic's own beside them. Its `input_tokens` are without
   * those that were read from the cache or written to it, `prompt_tokens` are with them (Anthropic's API reference,
   * "total input tokens"). Undefined while all are zero.
   */
  get usage(): Usage | undefined {
    const { counts } = this;
    const input = countOf(counts["input_tokens"]);
    const output = countOf(counts["output_tokens"]);
    const read = countOf(counts["cache_read_input_tokens"]);
    const written = countOf(counts["cache_creation_input_tokens"]);
    if (!input && !output && !read && !written) return undefined;
    const usage: Usage = {};
    if (input !== undefined) usage["prompt_tokens"] = input + (read ?? 0) + (written ?? 0);
    if (output !== undefined) usage["completion_tokens"] = output;
    if (input !== undefined && output !== undefined) {
      usage["total_tokens"] = (usage["prompt_tokens"] as number) + output;
    }
    if (read !== undefined) usage["prompt_tokens_details"] = { cached_tokens: read };
    return { ...usage, ...structuredClone(counts) };
  }
}

function countOf(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}
