import { respond } from "../model/responder.js";
import type { DemoMessage, DemoPrompt } from "../prompt.js";
import { countTokens, splitTokens } from "./tokenise.js";

/** The parts of a request that decide about what is generated. */
export interface GenerationRequest {
  readonly prompt: DemoPrompt;
  /** Limit of tokens; undefined: no limit. */
  readonly maxTokens: number | undefined;
  readonly stop: readonly string[];
}

/** One choice of an answer, split into its tokens. */
export interface Generation {
  readonly reasoning: readonly string[];
  readonly content: readonly string[];
  readonly toolCalls: readonly { readonly name: string; readonly arguments: readonly string[] }[];
  readonly finishReason: "stop" | "length" | "tool_calls";
}

/** Tokens that a message costs beside its text, and those that a request costs, as in OpenAI's accounting. */
const TOKENS_PER_MESSAGE = 4;
const TOKENS_PER_REQUEST = 3;

/**
 * Generates one choice, from 0.
 *
 * @param reasons whether the model thinks aloud first
 * @param cutAfter content tokens after which a `length` fault cuts the answer; undefined: no such fault
 */
export function generateChoice(
  request: GenerationRequest,
  choice: number,
  reasons: boolean,
  cutAfter?: number,
): Generation {
  const answer = respond(request.prompt, choice);
  let tokensLeft = request.maxTokens ?? Number.POSITIVE_INFINITY;
  let isCut = false;
  const take = (text: string, limit = Number.POSITIVE_INFINITY): string[] => {
    const tokens = splitTokens(text);
    const taken = tokens.slice(0, Math.min(tokensLeft, limit));
    isCut ||= taken.length < tokens.length;
    tokensLeft -= taken.length;
    return taken;
  };
  // Reasoning counts towards the limit, as max_completion_tokens does at real services.
  const reasoning = reasons ? take(answer.reasoning) : [];
  const content = take(cutAtStop(answer.content, request.stop), cutAfter);
  const toolCalls: Generation["toolCalls"][number][] = [];
  for (const call of answer.toolCalls) {
    isCut ||= tokensLeft < 1;
    if (isCut) break;
    tokensLeft--;
    toolCalls.push({ name: call.name, arguments: take(call.arguments, cutAfter) });
  }
  // A model has ended only when it says so, which takes a token, too.
  isCut ||= tokensLeft < 1 || cutAfter !== undefined;
  const ended = toolCalls.length > 0 ? "tool_calls" : "stop";
  return { reasoning, content, toolCalls, finishReason: isCut ? "length" : ended };
}

function cutAtStop(text: string, stops: readonly string[]): string {
  const ends = stops.map((stop) => text.indexOf(stop)).filter((at) => at >= 0);
  return text.slice(0, Math.min(text.length, ...ends));
}

/** The token counts of a request, in OpenAI's form. */
export function countUsage(messages: readonly DemoMessage[], generations: readonly Generation[]) {
  let [prompt, reasoning, answer] = [TOKENS_PER_REQUEST, 0, 0];
  for (const { text, toolCalls } of messages) {
    prompt += TOKENS_PER_MESSAGE + countTokens(text);
    for (const call of toolCalls) prompt += countTokens(call.name) + countTokens(call.arguments);
  }
  for (const generation of generations) {
    reasoning += generation.reasoning.length;
    answer += generation.content.length;
    for (const call of generation.toolCalls) answer += 1 + call.arguments.length;
  }
  return {
    prompt_tokens: prompt,
    completion_tokens: reasoning + answer,
    total_tokens: prompt + reasoning + answer,
    prompt_tokens_details: { cached_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: reasoning },
  };
}
export type DemoUsage = ReturnType<typeof countUsage>;
