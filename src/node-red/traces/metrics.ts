import type { Counter, Histogram, Meter } from "@opentelemetry/api";
import type { ChatResult } from "../../client/chat-types.js";
import { type Attributes, describeUsage } from "./conventions.js";
import type { TraceApi } from "./load-api.js";

/** Name of this package's spans and measurements. */
export const SCOPE = "@deltaflow/node-red-chat-stream";

/** Bounds of the buckets in seconds: each twice the one before. */
const SECONDS = Array.from({ length: 14 }, (_, power) => 0.01 * 2 ** power);
/** Bounds of the buckets in tokens: each four times the one before. */
const TOKENS = Array.from({ length: 14 }, (_, power) => 4 ** power);

/** The kinds of tokens that are counted on their own. */
const USAGES = [
  "input_tokens",
  "output_tokens",
  "cache_read.input_tokens",
  "cache_write.input_tokens",
  "reasoning.output_tokens",
] as const;

interface Instruments {
  duration: Histogram;
  firstChunk: Histogram;
  inputTokens: Histogram;
  outputTokens: Histogram;
  counters: ReadonlyMap<string, Counter>;
}

/** The instruments, and the API object whose SDK they write to. */
let current: { meter: Meter; instruments: Instruments } | undefined;

/** Records a request that has ended. The instruments are made with the first one: earlier than the SDK, they would be dead. */
export function recordMetrics(api: TraceApi, target: Attributes, result: ChatResult): void {
  const { duration, firstChunk, inputTokens, outputTokens, counters } = getInstruments(api);
  const { closing, failure, stats } = result;
  const attributes = { ...target, ...(closing.model ? { "gen_ai.response.model": closing.model } : {}) };
  duration.record(stats.durationMs / 1000, {
    ...attributes,
    ...(failure ? { "error.type": failure.code } : {}),
  });
  if (stats.firstTokenMs !== null) firstChunk.record(stats.firstTokenMs / 1000, attributes);
  const usage = describeUsage(result);
  for (const [name, counter] of counters) {
    const count = usage[`gen_ai.usage.${name}`];
    if (count) counter.add(count, { ...attributes, "gen_ai.token.modality": "unknown" });
  }
  if (usage["gen_ai.usage.input_tokens"]) inputTokens.record(usage["gen_ai.usage.input_tokens"], attributes);
  if (usage["gen_ai.usage.output_tokens"])
    outputTokens.record(usage["gen_ai.usage.output_tokens"], attributes);
}

function getInstruments(api: TraceApi): Instruments {
  const meter = api.metrics.getMeter(SCOPE);
  if (current?.meter !== meter) current = { meter, instruments: createInstruments(meter) };
  return current.instruments;
}

function createInstruments(meter: Meter): Instruments {
  const name = (suffix: string) => `gen_ai.client.inference.${suffix}`;
  const createHistogram = (suffix: string, unit: string, bounds: number[]) =>
    meter.createHistogram(name(suffix), { unit, advice: { explicitBucketBoundaries: bounds } });
  return {
    duration: createHistogram("duration", "s", SECONDS),
    firstChunk: createHistogram("time_to_first_chunk", "s", SECONDS),
    inputTokens: createHistogram("operation.input_tokens", "{token}", TOKENS),
    outputTokens: createHistogram("operation.output_tokens", "{token}", TOKENS),
    counters: new Map(
      USAGES.map((usage) => [usage, meter.createCounter(name(`usage.${usage}`), { unit: "{token}" })]),
    ),
  };
}
