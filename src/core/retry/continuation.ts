import type { ChatMessage } from "../chat/chunk.js";

/**
 * How a model is asked to continue a partial answer. `prefill`: the partial answer is the last message, and the model
 * continues it directly. `quote`: a user message quotes its end and asks the model to continue.
 */
export type ContinuationStyle = "prefill" | "quote";

/** Characters of the end of a partial answer that are quoted. */
const MAX_QUOTED_CHARS = 300;

/** How a request continues a partial answer. Plain data that travels with the stream. */
export interface ContinuationInfo {
  /** How many messages were added at the end of the conversation: 1 for `prefill`, 2 for `quote`. The first is the answer. */
  added: number;
  /** White space at the end of the answer that was not sent, so that the model will probably repeat it. */
  echo: string;
}

/**
 * Extends a conversation so that the model continues a partial answer.
 * @param text the partial answer; not only white space
 */
export function buildContinuation(
  messages: readonly ChatMessage[],
  text: string,
  style: ContinuationStyle,
): { messages: ChatMessage[]; continues: ContinuationInfo } {
  if (style === "prefill") {
    // Some services refuse a message that ends in white space.
    const trimmed = text.trimEnd();
    return {
      messages: [...messages, { role: "assistant", content: trimmed }],
      continues: { added: 1, echo: text.slice(trimmed.length) },
    };
  }
  const prompt =
    "Your answer was cut off by a broken connection. It ended with:\n\n" +
    `"""\n${text.slice(-MAX_QUOTED_CHARS)}\n"""\n\n` +
    "Go on exactly where it stopped, with the very next character. Do not repeat anything and do not comment on this.";
  return {
    messages: [...messages, { role: "assistant", content: text }, { role: "user", content: prompt }],
    continues: { added: 2, echo: "" },
  };
}

/** Whether the model continues its own message directly (`prefill`). Then a repetition is usually intended. */
export function isPrefill({ added }: ContinuationInfo): boolean {
  return added === 1;
}

/**
 * Takes the messages of `buildContinuation()` off a conversation again.
 * @returns the conversation and the partial answer; undefined if the messages do not end in such a continuation
 */
export function removeContinuation(
  messages: readonly ChatMessage[],
  { added, echo }: ContinuationInfo,
): { messages: ChatMessage[]; text: string } | undefined {
  // The continued turn has called tools since, so the added messages are no longer the last.
  if (messages.at(-1)?.role === "tool") return undefined;
  const answer = messages.at(-added);
  if (answer?.role !== "assistant" || typeof answer.content !== "string") return undefined;
  return { messages: messages.slice(0, -added), text: answer.content + echo };
}
