import type { Generation, Usage } from "./generation.js";
import { FINGERPRINT, type Head, newId } from "./records.js";

/** The unstreamed answer: a `chat.completion` of OpenAI's API reference. */
export function completion(head: Head, generations: readonly Generation[], usage: Usage): object {
  return {
    id: head.id,
    object: "chat.completion",
    created: head.created,
    model: head.model,
    choices: generations.map((generation, index) => ({
      index,
      message: messageOf(generation),
      logprobs: null,
      finish_reason: generation.finishReason,
    })),
    usage,
    system_fingerprint: FINGERPRINT,
  };
}

function messageOf({ reasoning, content, toolCalls }: Generation): object {
  return {
    role: "assistant",
    content: toolCalls.length > 0 ? null : content.join(""),
    refusal: null,
    ...(reasoning.length > 0 && { reasoning_content: reasoning.join("") }),
    ...(toolCalls.length > 0 && {
      tool_calls: toolCalls.map((call) => ({
        id: newId("call_"),
        type: "function",
        function: { name: call.name, arguments: call.arguments.join("") },
      })),
    }),
  };
}
