import { createId, type ResponseHead } from "./completion.js";
import { ERROR_RECORD, MALFORMED_RECORD } from "./faults.js";
import type { DemoUsage, Generation } from "./generation.js";
import type { Fault } from "./models.js";

/** What happens next in a stream. Only `reasoning` and `content` wait for the pace. */
export type Step =
  | { readonly kind: "reasoning" | "content" | "finish" | "other"; readonly text: string }
  /** The connection breaks, once everything before has left. */
  | { readonly kind: "drop" }
  /** Nothing more comes, and the connection stays open. */
  | { readonly kind: "stall" };

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
): Generator<Step> {
  const common = { ...head, object: "chat.completion.chunk" };
  const chunk = (index: number, delta: object, finishReason: string | null = null): string => {
    const choice = { index, delta, logprobs: null, finish_reason: finishReason };
    return buildEvent(JSON.stringify({ ...common, choices: [choice], ...(usage && { usage: null }) }));
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
  if (usage) yield { kind: "other", text: buildEvent(JSON.stringify({ ...common, choices: [], usage })) };
  yield { kind: "other", text: buildEvent("[DONE]") };
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

/** Adds a fault after `fault.after` content chunks; in a shorter answer it comes before the end. */
export function* addFault(steps: Iterable<Step>, fault: Fault): Generator<Step> {
  let contents = 0;
  let isOver = false;
  for (const step of steps) {
    const isDue = step.kind === "finish" || (step.kind === "content" && contents === fault.after);
    if (isDue && !isOver) {
      isOver = true;
      if (fault.kind === "drop" || fault.kind === "stall") {
        yield { kind: fault.kind };
        return;
      }
      if (fault.kind === "error") {
        yield { kind: "other", text: buildEvent(JSON.stringify(ERROR_RECORD)) };
        return;
      }
      // The stream goes on after the broken record: a client that skips it gets the whole answer.
      if (fault.kind === "malformed") yield { kind: "other", text: buildEvent(MALFORMED_RECORD) };
    }
    if (step.kind === "content") contents++;
    yield step;
  }
}

function buildEvent(data: string): string {
  return `data: ${data}\n\n`;
}
