import { ERROR_ON_PURPOSE } from "../faults.js";
import type { DemoUsage, Generation } from "../generation.js";
import { createId } from "../ids.js";
import type { FaultSteps, TextStep } from "../steps.js";
import type { ResponseHead } from "./completion.js";

/**
 * A streamed answer as server-sent events: the `chat.completion.chunk` records of OpenAI's API reference.
 * Several choices take turns.
 *
 * @param usage undefined: the client did not ask for it
 */
export function* buildChunks(
  head: ResponseHead,
  generations: readonly Generation[],
  usage: DemoUsage | undefined,
): Generator<TextStep> {
  const common = { ...head, object: "chat.completion.chunk" };
  const chunk = (index: number, delta: object, finishReason: string | null = null): string => {
    const choice = { index, delta, logprobs: null, finish_reason: finishReason };
    return buildRecord(JSON.stringify({ ...common, choices: [choice], ...(usage && { usage: null }) }));
  };
  for (const [index, { toolCalls }] of generations.entries()) {
    const content = toolCalls.length > 0 ? null : "";
    yield { kind: "other", text: chunk(index, { role: "assistant", content, refusal: null }) };
  }
  const running = new Map(generations.map((generation, index) => [index, buildDeltas(generation)]));
  while (running.size > 0) {
    for (const [index, deltas] of running) {
      const { done, value } = deltas.next();
      if (!done) {
        yield { kind: value.kind, text: chunk(index, value.delta) };
        continue;
      }
      running.delete(index);
      yield { kind: "finish", text: chunk(index, {}, generations[index]!.finishReason) };
    }
  }
  if (usage) yield { kind: "other", text: buildRecord(JSON.stringify({ ...common, choices: [], usage })) };
  yield { kind: "other", text: buildRecord("[DONE]") };
}

function* buildDeltas({
  reasoning,
  content,
  toolCalls,
}: Generation): Generator<{ kind: "reasoning" | "content" | "other"; delta: object }, undefined> {
  for (const token of reasoning) yield { kind: "reasoning", delta: { reasoning_content: token } };
  for (const token of content) yield { kind: "content", delta: { content: token } };
  for (const [index, { name, arguments: tokens }] of toolCalls.entries()) {
    const start = { index, id: createId("call_"), type: "function", function: { name, arguments: "" } };
    yield { kind: "other", delta: { tool_calls: [start] } };
    for (const token of tokens) {
      yield { kind: "content", delta: { tool_calls: [{ index, function: { arguments: token } }] } };
    }
  }
}

/** What a stream of Chat Completions sends for a fault. */
export const CHUNK_FAULTS: FaultSteps<TextStep> = {
  malformed: {
    kind: "other",
    text: buildRecord('{"id":"chatcmpl-demo","object":"chat.completion.chunk","choices":[{"index":0,"del'),
  },
  error: [{ kind: "other", text: buildRecord(JSON.stringify(ERROR_ON_PURPOSE)) }],
};

function buildRecord(data: string): string {
  return `data: ${data}\n\n`;
}
