import type { ChatMessage } from "./chunk.js";

/** How a model is asked to go on: by putting its words into its mouth, or by telling it where it stopped. */
export type ContinuationStyle = "prefill" | "quote";

/** How much of the end of a broken answer is quoted. */
const QUOTED = 300;

/** Messages that ask for the rest of an answer. */
export interface Continuation {
  messages: ChatMessage[];
  /** How many of them, at the end, are ours and no part of the conversation. */
  added: number;
  /** White space at the end of the partial answer that the model was not told of. */
  echo: string;
}

/**
 * A conversation that asks the model to go on from a partial answer.
 * @param partial not empty
 */
export function continuationOf(
  messages: readonly ChatMessage[],
  partial: string,
  style: ContinuationStyle,
): Continuation {
  const answer: ChatMessage = { role: "assistant", content: partial };
  if (style === "prefill") {
    // Some services refuse an answer that ends in white space.
    const begun = partial.trimEnd();
    const echo = partial.slice(begun.length);
    if (begun !== "") return { messages: [...messages, { ...answer, content: begun }], added: 1, echo };
  }
  const ask: ChatMessage = {
    role: "user",
    content:
      "Your answer was cut off by a broken connection. It ended with:\n\n" +
      `"""\n${partial.slice(-QUOTED)}\n"""\n\n` +
      "Go on exactly where it stopped, with the next character. Do not repeat anything, and do not comment on this.",
  };
  return { messages: [...messages, answer, ask], added: 2, echo: "" };
}
