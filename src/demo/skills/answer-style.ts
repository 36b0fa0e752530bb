import { findListItems, findSentences, NUMBER, parseNumber } from "../words.js";
import { apologiseInLanguage } from "./phrase-book.js";

const IN_SENTENCES = new RegExp(String.raw`\bin (?:an?|(${NUMBER})) (?:short |single )?sentences?\b`, "i");

/** Changes an answer as the system prompt or the question asks: its length, its language, or a pirate's voice. */
export function applyStyle(text: string, system: string, question: string): string {
  const both = `${system}\n${question}`;
  const limit = IN_SENTENCES.exec(both);
  const greeting = /\bpirate\b/i.test(system) ? "Arr, matey!" : undefined;
  const answer = limit ? keepSentences(text, limit[1] ? parseNumber(limit[1]) : 1) : text;
  return [greeting, apologiseInLanguage(both), answer].filter(Boolean).join(" ");
}

/** Code and lists are not prose and stay whole. */
function keepSentences(text: string, count: number): string {
  if (text.includes("```") || findListItems(text).length > 0) return text;
  const sentences = findSentences(text);
  return sentences.length > count ? sentences.slice(0, Math.max(count, 1)).join(" ") : text;
}
