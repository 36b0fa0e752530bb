import type { Question } from "../question.js";
import { findListItems, NUMBER, parseNumber } from "../words.js";
import { apologiseInLanguage } from "./phrase-book.js";

const IN_SENTENCES = new RegExp(String.raw`\bin (?:an?|(${NUMBER})) (?:short |single )?sentences?\b`, "i");

/** Changes an answer as the system prompt or the question asks: its length, its language, or a pirate's voice. */
export function applyStyle(answer: string, { system, text }: Question): string {
  const both = `${system}\n${text}`;
  const limit = IN_SENTENCES.exec(both);
  const greeting = /\bpirate\b/i.test(system) ? "Arr, matey!" : undefined;
  const kept = limit ? keepSentences(answer, limit[1] ? parseNumber(limit[1]) : 1) : answer;
  return [greeting, apologiseInLanguage(both), kept].filter(Boolean).join(" ");
}

/** Code and lists are not prose and stay whole. */
function keepSentences(text: string, count: number): string {
  if (text.includes("```") || findListItems(text).length > 0) return text;
  const sentences = text.split(/(?<=[.!?][”")]?)\s+/);
  return sentences.length > count ? sentences.slice(0, Math.max(count, 1)).join(" ") : text;
}
