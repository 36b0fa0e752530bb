import { bounded, type ChatMessage } from "../conversation.js";

/**
 * Going on with an answer that was broken off. The model is a function of the conversation, so it
 * can say its whole answer again and leave away what is already there.
 */

/** Code units of the end of a partial answer that identify the place where it broke off. */
const TAIL = 40;
const SHORTEST_TAIL = 12;

/** @returns what follows `partial` in `whole`, or undefined where `partial` is from another answer. */
export function remainder(partial: string, whole: string): string | undefined {
  if (whole.startsWith(partial)) return whole.slice(partial.length);
  // Clients trim; what they took off the end of the partial answer must not come out doubled or be lost.
  const bare = partial.trim();
  if (bare !== "" && whole.startsWith(bare)) {
    const rest = whole.slice(bare.length);
    return /\s$/.test(partial) ? rest.trimStart() : rest;
  }
  const tail = partial.trimEnd().slice(-TAIL);
  const at = tail.length < SHORTEST_TAIL ? -1 : whole.indexOf(tail);
  return at < 0 ? undefined : whole.slice(at + tail.length);
}

/** The answer that a final assistant message has begun. */
export function continued(prefix: string, whole: string): string {
  const rest = remainder(prefix, whole);
  if (rest !== undefined) return rest;
  // Somebody else's words: the answer follows them, as a real model would bend to what it has been given.
  return /\s$/.test(prefix) ? whole : ` ${whole}`;
}

/** A conversation that may have been broken off, and what had been said. */
export interface Resumption {
  readonly messages: readonly ChatMessage[];
  readonly partial: string;
  /** Put together from quotations: a shot in the dark, and not worth resuming anything for in its turn. */
  readonly guessed: boolean;
}

const ASKS =
  /\b(?:continue|continuing|go on|carry on|keep going|pick up|resume|left off|stopped|cut off|interrupted|broke(?:n)? off)\b/i;
const MOST_QUOTES = 12;
/** Code units of a message that is searched for quotations; a longer one quotes more than an answer. */
const LONGEST_MESSAGE = 200_000;
const MOST_LINES = 12;

/**
 * Guesses what a user message that asks to go on could mean: the answer before it, or one that the
 * message itself quotes, to a question before it or in it. The caller keeps the first guess whose
 * answer really begins with the partial text.
 */
export function resumptions(messages: readonly ChatMessage[]): Resumption[] {
  const last = messages.at(-1);
  if (last?.role !== "user" || !ASKS.test(bounded(last.text) + bounded(last.text.slice(-1_000)))) return [];
  const before = messages.slice(0, -1);
  const guesses: Resumption[] = [];
  const answered = before.at(-1);
  if (answered?.role === "assistant" && answered.text)
    guesses.push({ messages: before.slice(0, -1), partial: answered.text, guessed: false });
  const spoken =
    answered?.role === "assistant" && answered.toolCalls.length === 0 ? before.slice(0, -1) : before;
  const quotes = quotesIn(last.text);
  for (const partial of quotes) {
    if (spoken.some((message) => message.role === "user"))
      guesses.push({ messages: spoken, partial, guessed: true });
    for (const text of questionsAround(last.text, partial, quotes)) {
      guesses.push({ messages: [...before, { ...last, text }], partial, guessed: true });
    }
  }
  return guesses;
}

/** What the message quotes, in any of the usual ways, the longest first. */
function quotesIn(text: string): string[] {
  if (text.length > LONGEST_MESSAGE) return [];
  const block = (text.match(/^> ?.*$/gm) ?? []).map((line) => line.replace(/^> ?/, "")).join("\n");
  const found = [
    ...between(text, places(text, /^```[^\n`]*$/gm)),
    ...between(text, places(text, /"""/g)),
    ...between(text, places(text, /(?<!")"(?!")/g)),
    ...between(text, places(text, /[“”]/g)),
    ...tagged(text),
  ].map((quote) => quote.replace(/^\n|\n$/g, ""));
  return [...new Set([...found, block])]
    .filter((quote) => quote.trim() !== "")
    .sort((a, b) => b.length - a.length)
    .slice(0, MOST_QUOTES);
}

type Range = readonly [start: number, end: number];

/** The first few marks and the last one. */
function places(text: string, mark: RegExp): Range[] {
  const all: Range[] = [];
  for (const found of text.matchAll(mark)) {
    if (all.length > MOST_QUOTES) all.pop();
    all.push([found.index, found.index + found[0].length]);
  }
  return all;
}

/** From each mark to the next, and, since an answer may hold such marks itself, to the last. */
function between(text: string, marks: readonly Range[]): string[] {
  return marks.slice(0, -1).flatMap(([, start], at) => {
    return [text.slice(start, marks[at + 1]![0]), text.slice(start, marks.at(-1)![0])];
  });
}

function tagged(text: string): string[] {
  const found: string[] = [];
  let looked = 0;
  for (const tag of text.matchAll(/<([\w-]{1,40})>/g)) {
    const end = text.lastIndexOf(`</${tag[1]}>`);
    if (end > tag.index) found.push(text.slice(tag.index + tag[0].length, end));
    if (++looked >= MOST_QUOTES) break;
  }
  return found;
}

/** Texts in the message, beside the quoted answer, that may be the question. */
function questionsAround(text: string, partial: string, quotes: readonly string[]): string[] {
  const at = text.indexOf(partial);
  const lines = text
    .slice(0, at)
    .replace(/(?:```[\w-]*|"""|<[\w-]+>|[“">])\s*$/, "")
    .trimEnd()
    .split("\n")
    .slice(0, MOST_LINES);
  const heads = lines.map((_, end) =>
    lines
      .slice(0, lines.length - end)
      .join("\n")
      .trim(),
  );
  const sentence = heads.map((head) => head.split(/(?<=[.!?])\s+/)[0]!);
  const others = quotes.filter((quote) => quote !== partial);
  return [...new Set([...others, ...heads, ...sentence])].filter(Boolean);
}
