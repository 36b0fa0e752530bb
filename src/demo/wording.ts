/** Small helpers about English words and numbers, shared by the skills. */

const NUMBER_WORDS: Readonly<Record<string, number>> = {
  a: 1,
  an: 1,
  one: 1,
  two: 2,
  three: 3,
  four: 4,
  five: 5,
  six: 6,
  seven: 7,
  eight: 8,
  nine: 9,
  ten: 10,
  eleven: 11,
  twelve: 12,
  thirteen: 13,
  fourteen: 14,
  fifteen: 15,
  sixteen: 16,
  seventeen: 17,
  eighteen: 18,
  nineteen: 19,
  twenty: 20,
  thirty: 30,
  forty: 40,
  fifty: 50,
  sixty: 60,
  seventy: 70,
  eighty: 80,
  ninety: 90,
  hundred: 100,
  thousand: 1_000,
};

/** A number in digits or in one English word, for use inside a pattern. */
export const NUMBER = String.raw`(?:\d{1,7}|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|(?:a |one )?hundred|(?:a |one )?thousand)`;

/** Reads what {@link NUMBER} matches. */
export function numberFrom(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const word = text.trim().toLowerCase().split(/\s+/).at(-1) ?? "";
  return /^\d+$/.test(word) ? Number(word) : NUMBER_WORDS[word];
}

/** "a, b and c". */
export function enumerated(items: readonly string[], last = "and"): string {
  if (items.length < 2) return items.join("");
  return `${items.slice(0, -1).join(", ")} ${last} ${items.at(-1)}`;
}

export function capitalised(text: string): string {
  const first = [...text.slice(0, 2)][0] ?? "";
  return first.toUpperCase() + text.slice(first.length);
}

/** Words that lead to a topic, the surest first. */
const LEADS = ["about", "on the (?:topic|subject) of", "for", "on", "of"].map(
  (lead) => new RegExp(String.raw`\b${lead}\s+([^\n]+)`, "i"),
);

/** What follows "about" (or "on", "for") as a phrase that fits into a sentence; undefined where there is none. */
export function topicOf(text: string): string | undefined {
  const lead = LEADS.find((pattern) => pattern.test(text));
  const found = lead?.exec(text)?.[1];
  if (!found) return undefined;
  const phrase = found
    .replace(
      /\s+(?:in|with|using|at most|of) (?:at most |exactly |about )?[\w-]+ (?:short )?(?:words?|sentences?|lines?|paragraphs?)\b.*$/i,
      "",
    )
    .replace(/[,;]?\s*\bplease\b.*$/i, "")
    .split(/[.!?](?:\s|$)/)[0]!
    .replace(/[\s"'“”.,;:!?]+$/, "")
    .replace(/^["'“”]+/, "");
  const short = [...phrase].slice(0, 80).join("").trim();
  return short ? short.replace(/^(?:A|An|The|My|Our|Some)\b/, (word) => word.toLowerCase()) : undefined;
}

/** Sentences of a text, ends included; a list number ("1. ") ends none. */
export function sentences(text: string): string[] {
  return (
    text.match(/[^\n]+?(?:(?<!^\s*\d+|\n\s*\d+)[.!?][”"’)*]*(?=\s|$)|[。！？]+[”」』）]*|(?=\n)|$)/gu) ?? []
  )
    .map((sentence) => sentence.trim())
    .filter(Boolean);
}

/** The items of a Markdown list in `text`, without their marks. */
export function listItems(text: string): string[] {
  return text
    .split("\n")
    .map((line) => /^\s*(?:[-*]|\d+\.)\s+(.+)$/.exec(line)?.[1]?.trim())
    .filter((item) => item !== undefined);
}
