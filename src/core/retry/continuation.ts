import type { ChatMessage } from "../chat/chunk.js";

/** How a model is asked to go on: by putting its words into its mouth, or by telling it where it stopped. */
export type ContinuationStyle = "prefill" | "quote";

/** How much of the end of a broken answer is quoted. */
const MAX_QUOTED_CHARS = 300;

/** What a request that goes on has beside the conversation: plain data that travels with its stream. */
export interface ContinuationInfo {
  /** How many of the request's messages, at the end, are ours and no part of the conversation; the first is the answer. */
  added: number;
  /** White space at the answer's end that the model was not told of. */
  echo: string;
}

/**
 * A conversation that asks the model to go on from a partial answer.
 * @param text more than white space
 */
export function buildContinuation(
  messages: readonly ChatMessage[],
  text: string,
  style: ContinuationStyle,
): { messages: ChatMessage[]; continues: ContinuationInfo } {
  if (style === "prefill") {
    // Some services refuse an answer that ends in white space.
    const begun = text.trimEnd();
    return {
      messages: [...messages, { role: "assistant", content: begun }],
      continues: { added: 1, echo: text.slice(begun.length) },
    };
  }
  const ask =
    "Your answer was cut off by a broken connection. It ended with:\n\n" +
    `"""\n${text.slice(-MAX_QUOTED_CHARS)}\n"""\n\n` +
    "Go on exactly where it stopped, with the very next character. Do not repeat anything and do not comment on this.";
  return {
    messages: [...messages, { role: "assistant", content: text }, { role: "user", content: ask }],
    continues: { added: 2, echo: "" },
  };
}

/** Whether the model goes on from its own words as if it had never stopped. Then it means what it repeats. */
export function isPrefill({ added }: ContinuationInfo): boolean {
  return added === 1;
}

/**
 * Takes a request that goes on apart again.
 * @returns the conversation, and the answer that was to go on; undefined where the request does not look like one
 */
export function removeContinuation(
  messages: readonly ChatMessage[],
  { added, echo }: ContinuationInfo,
): { messages: ChatMessage[]; text: string } | undefined {
  // A tool's result shows that a turn with calls has come since.
  if (messages.at(-1)?.role === "tool") return undefined;
  const answer = messages.at(-added);
  if (answer?.role !== "assistant" || typeof answer.content !== "string") return undefined;
  return { messages: messages.slice(0, -added), text: answer.content + echo };
}
