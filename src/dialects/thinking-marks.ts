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

/** Names of tags around reasoning. Those in one list close each other. */
const TAG_NAMES: readonly (readonly string[])[] = [
  ["think", "thinking"],
  // Gemini's OpenAI form, Gemma, EXAONE.
  ["thought", "thoughts"],
  ["reasoning"],
  ["seed:think"],
];

/** Marks of other forms, in lower case. */
const OTHER_MARKS: readonly (readonly [open: string, close: string])[] = [
  // Magistral
  ["[think]", "[/think]"],
  // Kimi
  ["◁think▷", "◁/think▷"],
  // Cohere
  ["<|start_thinking|>", "<|end_thinking|>"],
  // OpenThinker
  ["<|begin_of_thought|>", "<|end_of_thought|>"],
  // Gemma 4
  ["<|channel>thought", "<channel|>"],
];

/** All marks that are known, apart from those of gpt-oss, see `HarmonySplitter`. */
export const THINKING_MARKS: readonly ThinkingMarks[] = [
  ...TAG_NAMES.map((names) =>
    createMarks(
      names.map((name) => `<${name}>`),
      names.map((name) => `</${name}>`),
    ),
  ),
  ...OTHER_MARKS.map(([open, close]) => createMarks([open], [close])),
];

/**
 * Tells how reasoning goes back to its service: between the marks that it came in. Marks that are tokens of a model do not
 * go back, because services refuse them in a text.
 * @param open the first mark as the model wrote it
 */
export function getTagsPlace(open: string): ReasoningPlace {
  if (open.startsWith("<|")) return "";
  return { open, close: `${open[0]}/${open.slice(1)}` };
}

function createMarks(open: readonly string[], close: readonly string[]): ThinkingMarks {
  const literals = [...open, ...close].map((mark) => mark.replace(/[[\]|/]/g, "\\$&"));
  return { open, close, pattern: new RegExp(literals.join("|"), "gi") };
}
