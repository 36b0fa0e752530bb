import { endsInAbbreviation } from "./abbreviations.js";

/** Where a text may be cut. `none`: anywhere but inside a character as its reader sees it. */
export type Boundary = "none" | "word" | "sentence" | "line" | "paragraph";

const WORDS = new Intl.Segmenter(undefined, { granularity: "word" });
const SENTENCES = new Intl.Segmenter(undefined, { granularity: "sentence" });
const GRAPHEMES = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** A code block's fence at the beginning of a line. */
const FENCE = /^ {0,3}(```|~~~)/gm;

/**
 * How much of a growing text is whole: up to here it can be sent on, whatever follows.
 * @returns a length, 0 where nothing is whole yet
 */
export function wholeLength(text: string, boundary: Boundary): number {
  switch (boundary) {
    case "none":
      return clusterLength(text);
    case "word":
      return wordsLength(text);
    case "line":
      return text.lastIndexOf("\n") + 1;
    case "sentence":
      return outsideFence(text, sentencesLength(text));
    case "paragraph":
      return outsideFence(text, paragraphsLength(text));
  }
}

/**
 * The same where the text has to go on, for it has become too long: at the best place below a length, which is
 * never inside a character.
 */
export function forcedLength(text: string, longest: number): number {
  const head = text.slice(0, longest);
  const words = wordsLength(head);
  if (words > 0) return words;
  const cluster = GRAPHEMES.segment(text).containing(head.length);
  if (!cluster || cluster.index === head.length) return head.length;
  // A single character longer than the limit is sent whole.
  return cluster.index > 0 ? cluster.index : cluster.segment.length;
}

/** Everything but a last character that what follows may still change: half a pair, a joiner, a flag's first half. */
function clusterLength(text: string): number {
  const last = text.codePointAt(text.length - 1);
  // What follows plain letters is, but for rare combining marks, another character.
  if (last === undefined || last < 0x300) return text.length;
  return GRAPHEMES.segment(text).containing(text.length - 1)!.index;
}

/** Up to the beginning of the last word or gap: it may still grow. */
function wordsLength(text: string): number {
  if (text === "") return 0;
  // Only the end is looked at: a word is short, and a text that is not cut for long may be long.
  const from = text.length > 200 ? text.lastIndexOf(" ", text.length - 100) + 1 : 0;
  const segment = WORDS.segment(text.slice(from)).containing(text.length - from - 1);
  return from + (segment?.index ?? 0);
}

function sentencesLength(text: string): number {
  let whole = 0;
  let begun = 0;
  for (const { index, segment } of SENTENCES.segment(text)) {
    const end = index + segment.length;
    // The last sentence has its end when the next one begins.
    if (end === text.length) break;
    if (endsInAbbreviation(text.slice(begun, end))) continue;
    whole = end;
    begun = end;
  }
  return whole;
}

function paragraphsLength(text: string): number {
  let whole = 0;
  for (const match of text.matchAll(/\n[ \t]*\n\s*/g)) {
    const end = match.index + match[0].length;
    // White space at the very end may have more to come; the paragraph is whole all the same.
    whole = end;
  }
  return whole;
}

/** A cut inside a code block goes back to before the block. */
function outsideFence(text: string, length: number): number {
  let open: number | undefined;
  for (const { index } of text.matchAll(FENCE)) {
    if (index >= length) break;
    open = open === undefined ? index : undefined;
  }
  return open ?? length;
}
