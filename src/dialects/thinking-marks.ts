import type { ReasoningPlace } from "../core/chat/vendor-echo.js";

/** A text, separated into the answer and the reasoning. */
export interface SplitText {
  content: string;
  reasoning: string;
}

/** Two marks between which a model writes its reasoning into the text. Letters may be of either case. */
export interface ThinkingMarks {
  /** In lower case. More than one if a model may write either. */
  open: readonly string[];
  close: readonly string[];
  /** Matches every mark, wherever it stands. */
  pattern: RegExp;
}

/** Marks in the form of no tag, in lower case. */
const OTHER_MARKS: readonly (readonly [open: string, close: string])[] = [
  // Magistral
  ["[think]", "[/think]"],
  // Kimi
  ["◁think▷", "◁/think▷"],
  // Gemma 4
  ["<|channel>thought", "<channel|>"],
  // MedGemma
  ["<unused94>thought", "<unused95>"],
];

const FIXED_MARKS: readonly ThinkingMarks[] = OTHER_MARKS.map(([open, close]) =>
  createMarks([open], [close]),
);

/**
 * A tag around reasoning: `<think>`, `<seed:think>`, `<inner_thoughts>`, `<|start_thinking|>`, also with attributes.
 */
const TAG =
  /^(<\|?)((?:start_|begin_)(?:of_)?)?((?:[a-z]{1,12}[:_-]?)?(?:think|thinking|thoughts?|reasoning|monologue|scratchpad|cot))(?:\s[^<>]{0,60})?(\|?>)/;

/** What may become such a tag. */
const PARTIAL_TAG = /^<\|?(?:[a-z:_-]{0,32}|[a-z:_-]{3,32}\s[^<>]{0,60}|[a-z:_-]{3,32}\|)$/;

/** No opening mark is longer. */
const MAX_MARK_CHARS = 100;

/** An opening mark at the start of a text. */
export interface OpeningMark {
  marks: ThinkingMarks;
  /** How many characters it has. */
  length: number;
}

/**
 * Reads the mark that a text begins with, apart from those of gpt-oss, see `HarmonySplitter`.
 * @param text the text from its first character that is no white space
 * @returns `partial` if the text may become a mark; undefined if it cannot
 */
export function readOpeningMark(text: string): OpeningMark | "partial" | undefined {
  const start = text.slice(0, MAX_MARK_CHARS).toLowerCase();
  for (const marks of FIXED_MARKS) {
    const open = marks.open.find((mark) => start.startsWith(mark));
    if (open !== undefined) return { marks, length: open.length };
  }
  const tag = TAG.exec(start);
  if (tag) return { marks: createTagMarks(tag), length: tag[0].length };
  const isPartial =
    text.length < MAX_MARK_CHARS &&
    (PARTIAL_TAG.test(start) || FIXED_MARKS.some(({ open }) => open.some((mark) => mark.startsWith(start))));
  return isPartial ? "partial" : undefined;
}

function createTagMarks([, before = "", prefix = "", name = "", after = ""]: RegExpExecArray): ThinkingMarks {
  // A model may open the one and close the other.
  const names = name === "think" || name === "thinking" ? ["think", "thinking"] : [name];
  const end = prefix === "" ? "/" : prefix.replace(/^(?:start|begin)/, "end");
  return createMarks(
    names.map((known) => before + prefix + known + after),
    names.flatMap((known) => [before + end + known + after, `${before}${end}${known} ${after}`]),
  );
}

/**
 * Tells how reasoning goes back to its service: between the marks that it came in. Marks that are tokens of a model do not
 * go back, because services refuse them in a text.
 * @param open the first mark as the model wrote it
 */
export function getTagsPlace(open: string): ReasoningPlace {
  if (/^<(?:\||unused|start_of|begin_of)/i.test(open)) return "";
  const [name = ""] = open.split(/[\s>\]]/, 1);
  return { open, close: `${open[0]}/${name.slice(1)}${open.at(-1)}` };
}

function createMarks(open: readonly string[], close: readonly string[]): ThinkingMarks {
  const literals = [...open, ...close].map((mark) => mark.replace(/[[\]|/]/g, "\\$&"));
  return { open, close, pattern: new RegExp(literals.join("|"), "gi") };
}
