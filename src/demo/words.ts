/** Small helpers for English text, shared by the skills and the JSON answers. */

const NUMBER_WORDS = "zero one two three four five six seven eight nine ten eleven twelve".split(" ");

/** Source of a pattern that matches a number in digits, or in words up to twelve. */
export const NUMBER = String.raw`(?:\d{1,7}|${NUMBER_WORDS.join("|")})`;

/** Reads a text that {@link NUMBER} matches. */
export function parseNumber(text: string): number {
  return /^\d/.test(text) ? Number(text) : NUMBER_WORDS.indexOf(text.toLowerCase());
}

export function capitalise(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Quotes a text on one line, cut after `length` UTF-16 code units. */
export function quoteText(text: string, length = 120): string {
  const line = text.replace(/\s+/g, " ").trim();
  const cut = line.slice(0, length).replace(/[\ud800-\udbff]$/, "");
  return cut === line ? `“${line}”` : `“${cut.trimEnd()}…”`;
}

/** @returns the words after "about", such as "the sea"; undefined if there are none */
export function findTopic(text: string): string | undefined {
  const topic = /\babout\s+([^\n.!?]{1,80})/i.exec(text)?.[1] ?? "";
  const plain = topic.replace(/["“”]/g, "").trim();
  return trimEnd(plain.replace(/\bplease$/i, ""), ", \t") || undefined;
}

/** Removes some characters from the end of a text. */
export function trimEnd(text: string, characters: string): string {
  let end = text.length;
  while (end > 0 && characters.includes(text[end - 1]!)) end--;
  return text.slice(0, end);
}

/** The items of a Markdown list, without their marks. */
export function findListItems(text: string): string[] {
  return [...text.matchAll(/^(?:-|\d+\.) +(.+)$/gm)].map(([, item]) => item!);
}
