import type { Question, Skill } from "../question.js";
import { quoteText } from "../words.js";

const START = "<text>";
const END = "</text>";
/** Words that are in every question and say nothing about it. */
const COMMON =
  /^(?:the|and|for|are|you|your|can|could|does|what|when|where|which|who|why|how|much|many|is|it|to|do|of|on|in|at|an|a|i|me|my|this|that|there|have|has|will)$/;
/** So that “returns” and “returned” are the same word. */
const STEM_CHARS = 6;
const MAX_SUMMARY_SENTENCES = 2;

/**
 * Answers from a text that the prompt brings between `<text>` and `</text>`, in the question or in the system prompt: with
 * its first sentences as a summary, or with the sentence that shares most words with the question.
 */
export const ownText: Skill = {
  thought: "The prompt brings a text. I answer from it, and from nothing else.",
  answer(question) {
    const found = findText(question);
    if (!found) return undefined;
    const sentences = found.text.split(/(?<=[.!?])\s+|\n+/).filter((sentence) => sentence.trim() !== "");
    if (/\bsummar|\bin short\b/i.test(found.question))
      return `In short: ${sentences.slice(0, MAX_SUMMARY_SENTENCES).join(" ").trim()}`;
    const words = readWords(found.question);
    const scores = sentences.map(
      (sentence) => readWords(sentence).filter((word) => words.includes(word)).length,
    );
    const best = Math.max(...scores, 0);
    return best === 0
      ? "The text that you gave me does not say that."
      : `The text says: ${quoteText(sentences[scores.indexOf(best)]!.trim())}`;
  },
};

/** @returns the text, and the question without it */
function findText({ text, system }: Question): { text: string; question: string } | undefined {
  for (const source of [text, system]) {
    const start = source.lastIndexOf(START);
    const end = source.indexOf(END, start);
    if (start < 0 || end < 0) continue;
    const rest = source === text ? text.slice(0, start) + text.slice(end + END.length) : text;
    return { text: source.slice(start + START.length, end), question: rest };
  }
  return undefined;
}

function readWords(text: string): string[] {
  const words = text.toLowerCase().match(/\p{L}+/gu) ?? [];
  return words
    .filter((word) => !COMMON.test(word))
    .map((word) => word.replace(/s$/, "").slice(0, STEM_CHARS));
}
