import { readMaxTokens } from "../core/chat/request.js";
import { collectToolNames } from "../core/tools/name.js";
import type { Decoder, DecoderSink } from "../dialects/dialect.js";
import { OpenAiDecoder } from "../dialects/openai/decoder.js";
import { ThinkingFilter } from "../dialects/thinking.js";
import type { ChatSetup } from "./chat-types.js";
import type { RefusalMemory } from "./refusal-memory.js";

/** Creates the decoder of a stream. It separates reasoning in tags from the answer, if the provider is set to do so. */
export function createDecoder(setup: ChatSetup, sink: DecoderSink, memory: RefusalMemory): Decoder {
  const { clock, endpoint, limits, provider, request, tolerant, everyChunk } = setup;
  const onReasoning = memory.noteReasoning.bind(memory);
  const splitsThinking = endpoint.settings?.["splitThinking"] === true;
  return new OpenAiDecoder(splitsThinking ? new ThinkingFilter(sink, onReasoning) : sink, {
    toolNames: collectToolNames(request),
    maxTokens: provider.hidesLimit ? readMaxTokens(request) : undefined,
    now: () => clock.date(),
    onReasoning,
    tolerant,
    everyChunk,
    depth: limits.depth,
    indices: limits.indices,
  });
}
