import type { ChatMessage } from "../conversation.js";
import { respond } from "../model/responder.js";
import type { ChatRequest } from "./request.js";
import { countTokens, pieces } from "./tokenise.js";

/** One function call, its arguments cut for streaming. */
export interface GeneratedCall {
  readonly name: string;
  readonly arguments: readonly string[];
}

/** One choice, cut into the pieces that are its tokens. */
export interface Generation {
  readonly reasoning: readonly string[];
  readonly content: readonly string[];
  readonly toolCalls: readonly GeneratedCall[];
  readonly finishReason: "stop" | "length" | "tool_calls";
}

/** Token counts in OpenAI's form. */
export interface Usage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
  readonly prompt_tokens_details: { readonly cached_tokens: number };
  readonly completion_tokens_details: { readonly reasoning_tokens: number };
}

/** Tokens that each message costs beside its text, as in OpenAI's own accounting. */
const PER_MESSAGE = 4;
const PER_REQUEST = 3;

/**
 * Generates one choice.
 *
 * @param reasons whether the model thinks aloud first.
 * @param cutAfter pieces of content after which a `length` fault cuts; undefined: none.
 */
export function generate(
  request: ChatRequest,
  choice: number,
  reasons: boolean,
  cutAfter?: number,
): Generation {
  const answer = respond(request.prompt, choice);
  let left = request.maxTokens ?? Number.POSITIVE_INFINITY;
  let cut = false;
  const take = (text: string, limit = Number.POSITIVE_INFINITY): string[] => {
    const all = pieces(text);
    const count = Math.min(all.length, left, limit);
    cut ||= count < all.length;
    left -= count;
    return all.slice(0, count);
  };
  // Thinking comes out of the same budget, as it does with max_completion_tokens at real services.
  const reasoning = reasons ? take(answer.reasoning) : [];
  const content = take(untilStop(answer.content, request.stop), cutAfter);
  const toolCalls: GeneratedCall[] = [];
  for (const call of answer.toolCalls) {
    if (left < 1) {
      cut = true;
      break;
    }
    left--;
    toolCalls.push({ name: call.name, arguments: take(call.arguments, cutAfter) });
    if (cut) break;
  }
  const ended = toolCalls.length > 0 ? "tool_calls" : "stop";
  return { reasoning, content, toolCalls, finishReason: cut || cutAfter !== undefined ? "length" : ended };
}

function untilStop(text: string, stops: readonly string[]): string {
  const ends = stops.map((stop) => text.indexOf(stop)).filter((at) => at >= 0);
  return ends.length > 0 ? text.slice(0, Math.min(...ends)) : text;
}

export function usageOf(messages: readonly ChatMessage[], generations: readonly Generation[]): Usage {
  let prompt = PER_REQUEST;
  for (const message of messages) {
    prompt += PER_MESSAGE + countTokens(message.text);
    for (const call of message.toolCalls) prompt += countTokens(call.name) + countTokens(call.arguments);
  }
  let completion = 0;
  let reasoning = 0;
  for (const generation of generations) {
    reasoning += generation.reasoning.length;
    completion += generation.reasoning.length + generation.content.length;
    for (const call of generation.toolCalls) completion += 1 + call.arguments.length;
  }
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: { cached_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: reasoning },
  };
}
