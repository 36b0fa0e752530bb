import type { Usage } from "../../core/chat/chunk.js";
import { LatestFields } from "../../core/chat/vendor-fields.js";
import { Failure } from "../../core/failure.js";
import { isObject } from "../../core/json/parse.js";
import { HeldSize } from "../held-size.js";

/** The counts are copied for each record that has some, so they must stay few. A usual usage takes about 1,000 bytes. */
const MAX_USAGE_BYTES = 8 * 1024;

/**
 * The counts of one answer (Anthropic API reference, "Usage"). The counts at the end are of the whole answer and replace
 * the earlier ones. Counts that only the beginning has (input, cache) stay.
 */
export class AnthropicUsage {
  private readonly counts = new LatestFields();
  private bytes = 0;

  constructor(private readonly held = new HeldSize()) {}

  /** Adds the counts of a record; null replaces nothing. */
  add(usage: unknown): void {
    if (!isObject(usage)) return;
    for (const key in usage) {
      const bytes = this.counts.add(key, usage[key]);
      this.held.add(bytes);
      this.bytes += bytes;
    }
    if (this.bytes > MAX_USAGE_BYTES) {
      throw new Failure(
        "limit",
        "The service sent more counts of tokens than any answer has. Choose another service.",
      );
    }
  }

  /**
   * Builds the usage, under the names of Chat Completions and under Anthropic's own. Anthropic's `input_tokens` exclude
   * tokens that were read from the cache or written to it; `prompt_tokens` include them.
   * @returns undefined as long as all counts are zero
   */
  build(): Usage | undefined {
    const counts = this.counts.toObject();
    const input = readCount(counts["input_tokens"]);
    const output = readCount(counts["output_tokens"]);
    const cacheRead = readCount(counts["cache_read_input_tokens"]);
    const cacheWritten = readCount(counts["cache_creation_input_tokens"]);
    if (!input && !output && !cacheRead && !cacheWritten) return undefined;
    const usage: Usage = {};
    if (input !== undefined) usage["prompt_tokens"] = input + (cacheRead ?? 0) + (cacheWritten ?? 0);
    if (output !== undefined) usage["completion_tokens"] = output;
    if (input !== undefined && output !== undefined) {
      usage["total_tokens"] = (usage["prompt_tokens"] as number) + output;
    }
    if (cacheRead !== undefined) usage["prompt_tokens_details"] = { cached_tokens: cacheRead };
    const { output_tokens_details: details } = counts;
    const thinking = isObject(details) ? readCount(details["thinking_tokens"]) : undefined;
    if (thinking !== undefined) usage["completion_tokens_details"] = { reasoning_tokens: thinking };
    // Spreading many members is slow: V8 makes a new shape for each.
    return Object.fromEntries([...Object.entries(usage), ...Object.entries(counts)]);
  }
}

function readCount(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}
