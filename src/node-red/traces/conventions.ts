import type { ChatResult } from "../../client/chat-types.js";
import type { ChatRequest } from "../../core/chat/request.js";
import { type BilledTokens, readBilledTokens } from "../../core/cost/billed-tokens.js";
import type { Endpoint } from "../../providers/shared/endpoint.js";

/**
 * The names of OpenTelemetry's conventions for generative AI (semantic-conventions-genai 0.1.0). No package has them yet.
 */
export type Attributes = Record<string, string | number | boolean | string[]>;

/** The names of services in the conventions; of others, our own id is the name. */
const PROVIDER_NAMES: Readonly<Record<string, string>> = {
  gemini: "gcp.gemini",
  "azure-openai": "azure.ai.openai",
  mistral: "mistral_ai",
  xai: "x_ai",
};

/** Number parameters of a request, by their names in Chat Completions. */
const NUMBERS: readonly (readonly [string, string])[] = [
  ["max_tokens", "max_tokens"],
  ["max_completion_tokens", "max_tokens"],
  ["temperature", "temperature"],
  ["top_p", "top_p"],
  ["top_k", "top_k"],
  ["frequency_penalty", "frequency_penalty"],
  ["presence_penalty", "presence_penalty"],
  ["seed", "seed"],
];

/** A request, as far as its span names it. */
export interface TracedRequest {
  /** Id of the provider. */
  provider: string;
  endpoint: Endpoint;
  request: ChatRequest;
  /** Which attempt of a retry node it is, from 1. */
  attempt: number;
  /** Whether a cassette answers instead of the service. */
  isReplayed: boolean;
}

/** @returns what every measurement of a request is told apart by: few values, and no ids */
export function describeTarget({ provider, endpoint, request }: TracedRequest): Attributes {
  const url = URL.canParse(endpoint.baseUrl) ? new URL(endpoint.baseUrl) : undefined;
  const port = Number(url?.port) || (url?.protocol === "http:" ? 80 : 443);
  return {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": PROVIDER_NAMES[provider] ?? provider,
    "gen_ai.request.model": request.model,
    ...(url ? { "server.address": url.hostname, "server.port": port } : {}),
  };
}

/** @returns the attributes that a span of a request begins with. None of them holds content */
export function describeRequest(traced: TracedRequest): Attributes {
  const parameters = traced.request.parameters ?? {};
  const attributes: Attributes = { ...describeTarget(traced), "gen_ai.request.stream": true };
  for (const [name, convention] of NUMBERS) {
    const value = parameters[name];
    if (typeof value === "number") attributes[`gen_ai.request.${convention}`] = value;
  }
  const { n, stop, reasoning_effort: effort } = parameters;
  if (typeof n === "number" && n !== 1) attributes["gen_ai.request.choice.count"] = n;
  const stops = typeof stop === "string" ? [stop] : stop;
  if (Array.isArray(stops) && stops.every((text) => typeof text === "string"))
    attributes["gen_ai.request.stop_sequences"] = stops;
  if (typeof effort === "string") attributes["gen_ai.request.reasoning.level"] = effort;
  if (traced.isReplayed) attributes["chat_stream.replayed"] = true;
  if (traced.attempt > 1) attributes["chat_stream.attempt"] = traced.attempt;
  return attributes;
}

/** @returns the attributes that a span of a request ends with */
export function describeResult(result: ChatResult): Attributes {
  const { closing, cost, failure, finishReason, stats } = result;
  const isWhole = result.outcome === "complete";
  return {
    ...(closing.id ? { "gen_ai.response.id": closing.id } : {}),
    ...(closing.model ? { "gen_ai.response.model": closing.model } : {}),
    "gen_ai.response.finish_reasons": [isWhole ? finishReason : "error"],
    ...(stats.firstTokenMs === null
      ? {}
      : { "gen_ai.response.time_to_first_chunk": stats.firstTokenMs / 1000 }),
    ...describeUsage(result),
    // The conventions have no name for the cost yet.
    ...(cost ? { "chat_stream.cost.usd": cost.usd, "chat_stream.cost.source": cost.source } : {}),
    ...(failure ? { "error.type": failure.code } : {}),
  };
}

/** Counts of tokens by their names in the conventions, without those that are 0. */
export function describeUsage({ closing }: ChatResult): Record<string, number> {
  return describeTokens(readBilledTokens(closing.usage));
}

/** @param tokens undefined if nobody has counted them */
export function describeTokens(tokens: BilledTokens | undefined): Record<string, number> {
  if (!tokens) return {};
  const counts: Record<string, number> = {
    "gen_ai.usage.input_tokens": tokens.input,
    "gen_ai.usage.output_tokens": tokens.output,
    "gen_ai.usage.cache_read.input_tokens": tokens.cacheRead,
    "gen_ai.usage.cache_write.input_tokens": tokens.cacheWrite,
    "gen_ai.usage.reasoning.output_tokens": tokens.reasoning,
    "gen_ai.usage.audio.input_tokens": tokens.inputAudio,
    "gen_ai.usage.audio.output_tokens": tokens.outputAudio,
  };
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
}
