import type { DemoMessage } from "../prompt.js";
import { cutLongText } from "../question.js";

/** Continuing a broken answer: the model makes its whole answer again and leaves out what the reader has. */

/** @returns what follows `begun` in `whole`; undefined if `begun` is from another answer */
export function findRest(begun: string, whole: string): string | undefined {
  return whole.startsWith(begun) ? whole.slice(begun.length) : undefined;
}

/** One way to read a request to go on. */
export interface Continuation {
  /** The conversation whose answer broke off. */
  readonly messages: readonly DemoMessage[];
  /** Whether the conversation is guessed from a quote. It is then not read as a request to go on itself. */
  readonly isGuess: boolean;
  /** @returns the rest of the whole answer; undefined if this answer is not the one that broke off */
  findContinuation(whole: string): string | undefined;
}

const ASKS =
  /\b(?:continue|go on|carry on|keep going|left off|stopped|cut off|interrupted|broken? off|broke off)\b/i;
/** A message may ask before or after it quotes the answer, so its end is searched as well as its start. */
const MAX_END_CHARS = 1_000;
const MIN_QUOTE_CHARS = 12;
const MAX_MESSAGE_CHARS = 200_000;

/**
 * The ways to read a last user message that asks to go on: with the answer of the assistant message before it, or
 * with an answer that it quotes. That one is to an earlier question, to its own first paragraph, or to a question that
 * it quotes, too.
 */
export function findContinuations(messages: readonly DemoMessage[]): Continuation[] {
  const last = messages.at(-1);
  if (last?.role !== "user" || last.text.length > MAX_MESSAGE_CHARS) return [];
  if (!ASKS.test(cutLongText(last.text)) && !ASKS.test(last.text.slice(-MAX_END_CHARS))) return [];
  const before = messages.slice(0, -1);
  const answer = before.at(-1);
  if (answer?.role === "assistant" && answer.text !== "") {
    return [
      {
        messages: before.slice(0, -1),
        isGuess: false,
        findContinuation: (whole) => findRest(answer.text, whole),
      },
    ];
  }
  const ownQuestions = [last.text.split("\n\n")[0]!, /"([^"\n]+)"/.exec(last.text)?.[1] ?? ""];
  const conversations = [before, ...ownQuestions.map((text) => [...before, { ...last, text }])];
  return conversations
    .filter((messages) => messages.at(-1)?.role === "user")
    .map((messages) => ({
      messages,
      isGuess: true,
      findContinuation: (whole) => findRestOfQuote(last.text, whole),
    }));
}

/** Finds the longest beginning of an answer that a message quotes. @returns what follows it in the answer */
function findRestOfQuote(message: string, whole: string): string | undefined {
  const text = message.replace(/^> ?/gm, "");
  if (!text.includes(whole.slice(0, MIN_QUOTE_CHARS))) return undefined;
  let [low, high] = [MIN_QUOTE_CHARS, whole.length];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (text.includes(whole.slice(0, middle))) low = middle;
    else high = middle - 1;
  }
  const quote = whole.slice(0, low);
  // The line break before a closing mark belongs to the mark.
  const isMark = /^(?:```|"""|<\/)/.test(text.slice(text.indexOf(quote) + low));
  return whole.slice(isMark && quote.endsWith("\n") ? low - 1 : low);
}
