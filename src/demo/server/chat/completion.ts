import type { DemoUsage, Generation } from "../generation.js";
import { createId } from "../ids.js";

/** The fields that all records of one answer share. */
export interface ResponseHead {
  readonly id: string;
  /** Unix seconds. */
  readonly created: number;
  readonly model: string;
  readonly system_fingerprint: string;
}

export function createHead(model: string): ResponseHead {
  const created = Math.floor(Date.now() / 1_000);
  return { id: createId("chatcmpl-demo-"), created, model, system_fingerprint: "fp_demo" };
}

/** An answer that is not streamed: a `chat.completion` of OpenAI's API reference. */
export function buildCompletion(
  head: ResponseHead,
  generations: readonly Generation[],
  usage: DemoUsage,
): object {
  const choices = generations.map((generation, index) => ({
    index,
    message: buildMessage(generation),
    logprobs: null,
    finish_reason: generation.finishReason,
  }));
  return { ...head, object: "chat.completion", choices, usage };
}

function buildMessage({ reasoning, content, toolCalls }: Generation): object {
  const calls = toolCalls.map(({ name, arguments: tokens }) => ({
    id: createId("call_"),
    type: "function",
    function: { name, arguments: tokens.join("") },
  }));
  return {
    role: "assistant",
    content: calls.length > 0 ? null : content.join(""),
    refusal: null,
    ...(reasoning.length > 0 && { reasoning_content: reasoning.join("") }),
    ...(calls.length > 0 && { tool_calls: calls }),
  };
}
