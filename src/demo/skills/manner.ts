import { enumerated, listItems, NUMBER, numberFrom, sentences } from "../wording.js";
import { APOLOGIES, type Language } from "./translation.js";

/** How an answer is to be dressed up, as a system prompt (or the question itself) asks for it. */
interface Manner {
  readonly sentences: number | undefined;
  readonly words: number | undefined;
  readonly letterCase: "upper" | "lower" | undefined;
  readonly pirate: boolean;
  readonly emoji: boolean;
  readonly bullets: boolean;
  readonly opening: string | undefined;
  readonly ending: string | undefined;
  readonly language: Language | undefined;
}

const SENTENCES = new RegExp(
  String.raw`\b(?:in|with|use|write|only|most|exactly|than|is)\s+(?:a single|just |only |exactly )?\s*(${NUMBER}|single)?\s*(?:short\s+)?sentences?\b`,
  "i",
);
const WORDS = new RegExp(
  String.raw`\b(?:at most|no more than|under|fewer than|less than|within|max(?:imum)?(?: of)?|in|exactly)\s+(${NUMBER})\s+words?\b`,
  "i",
);
const AFFIX = String.raw`(?:(?:each|every|your|all|the)\s+)?(?:(?:answer|reply|response|message|sentence)s?\s+)?(?:with|by saying)(?: the words?)?\s*:?\s*["“']([^"”']{1,100})["”']`;
const OPENING = new RegExp(String.raw`\b(?:start|begin|open)s?\s+${AFFIX}`, "i");
const ENDING = new RegExp(String.raw`\b(?:end|finish|close|sign off)\s+${AFFIX}`, "i");

function mannerOf(system: string, question: string): Manner {
  const both = `${system}\n${question}`;
  const found = SENTENCES.exec(both);
  const brief =
    /\b(?:be|very|keep it|answer|reply|respond)\s+(?:very\s+)?(?:brief|concise|terse|short)(?:ly)?\b|\bbriefly\b|\bconcisely\b/i;
  return {
    sentences: found ? (numberFrom(found[1]) ?? 1) : brief.test(both) ? 2 : undefined,
    words: /\bone[- ]word\b|\b(?:in|with) a single word\b/i.test(both)
      ? 1
      : numberFrom(WORDS.exec(withoutTask(both))?.[1]),
    letterCase:
      /\b(?:in|use|only|all)\s+(?:all\s+)?(?:capitals?|capital letters|caps|upper ?case)\b|\bshout\b|\ball caps\b/i.test(
        both,
      )
        ? "upper"
        : /\b(?:in|use|only|all) (?:all )?(?:lower ?case|small letters)\b/i.test(both)
          ? "lower"
          : undefined,
    pirate: /\bpirate\b/i.test(system) || /\b(?:like|as) a pirate\b/i.test(question),
    emoji: /\b(?:use|with|add|lots of|many) (?:\w+ )?emojis?\b/i.test(both),
    bullets: /\b(?:in|as|use|with) (?:a )?(?:bullet(?:ed)?[- ]?(?:points?|lists?)|bullets)\b/i.test(both),
    opening: OPENING.exec(both)?.[1],
    ending: ENDING.exec(both)?.[1],
    language: languageOf(both),
  };
}

/** "Write a story in 200 words" asks the story for its length; it is no order to cut. */
function withoutTask(text: string): string {
  return text.replace(
    /\b(?:write|tell)\b[^\n]{0,200}\b(?:story|tale|essay|article|text|report)\b[^\n]*/gi,
    "",
  );
}

function languageOf(text: string): Language | undefined {
  const found =
    /\b(?:answer|reply|respond|speak|write|talk)\b[^.\n]{0,30}\b(?:in )?(German|French|Spanish)\b/i.exec(
      text,
    )?.[1];
  return (["German", "French", "Spanish"] as const).find(
    (name) => name.toLowerCase() === found?.toLowerCase(),
  );
}

/** @returns `text` as the system prompt and the question want it: length, letters, tone, first and last words. */
export function dressed(text: string, system: string, question: string): string {
  const manner = mannerOf(system, question);
  let answer = text;
  // Cutting code at a sentence would break it, so only what is prose is shortened.
  if (!answer.includes("```")) {
    if (manner.sentences !== undefined) answer = firstSentences(answer, manner.sentences);
    if (manner.words !== undefined) answer = firstWords(answer, manner.words);
    if (manner.bullets && listItems(answer).length === 0) {
      answer = sentences(answer)
        .map((sentence) => `- ${sentence}`)
        .join("\n");
    }
  }
  if (manner.language) answer = `${APOLOGIES[manner.language]} ${answer}`;
  if (manner.pirate) answer = inProse(answer, asPirate, "Arr, matey! ");
  if (manner.emoji) answer = `✨ ${answer} 🚀`;
  if (manner.opening) answer = `${manner.opening} ${answer}`;
  if (manner.ending) answer = `${answer} ${manner.ending}`;
  if (manner.letterCase === "upper") answer = inProse(answer, (part) => part.toUpperCase());
  if (manner.letterCase === "lower") answer = inProse(answer, (part) => part.toLowerCase());
  return answer;
}

function firstSentences(text: string, count: number): string {
  const items = listItems(text);
  if (items.length > 0) {
    const lead = text.slice(0, text.search(/^\s*(?:[-*]|\d+\.)\s/m)).trim();
    return `${lead} ${enumerated(items.map((item) => item.replace(/\.$/, "")))}.`.trim();
  }
  const all = sentences(text);
  if (all.length <= count) return text;
  // What has paragraphs has an end; told in fewer sentences it keeps its last one.
  if (count > 1 && text.includes("\n\n")) return [...all.slice(0, count - 1), all.at(-1)].join(" ");
  return all.slice(0, Math.max(count, 1)).join(" ");
}

function firstWords(text: string, count: number): string {
  const words = text.split(/\s+/);
  if (words.length <= count) return text;
  return `${words
    .slice(0, Math.max(count, 1))
    .join(" ")
    .replace(/[,;:]$/, "")}${count > 1 ? " …" : ""}`;
}

/** Changes what stands outside code fences. */
function inProse(text: string, change: (part: string) => string, opening = ""): string {
  return (
    opening +
    text
      .split(/(```[\s\S]*?```)/)
      .map((part, at) => (at % 2 ? part : change(part)))
      .join("")
  );
}

const PIRATE: readonly [RegExp, string][] = [
  [/\b([Yy])ou are\b/g, "$1e be"],
  [/\b([Yy])our\b/g, "$1er"],
  [/\b([Yy])ou\b/g, "$1e"],
  [/\b([Mm])y\b/g, "$1e"],
  [/\bI am\b/g, "I be"],
  [/\b(?:is|are)\b/g, "be"],
  [/\bthere\b/g, "thar"],
  [/\bHello\b/g, "Ahoy"],
  [/\bfriends?\b/g, "mateys"],
  [/ing\b/g, "in'"],
  [/\byes\b/gi, "aye"],
];

function asPirate(text: string): string {
  return PIRATE.reduce((said, [word, wording]) => said.replace(word, wording), text);
}
