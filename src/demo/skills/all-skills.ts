import type { Question, Skill } from "../question.js";
import { quoteText } from "../words.js";
import { arithmetic } from "./arithmetic.js";
import { cannedAnswers } from "./canned-answers.js";
import { counting } from "./counting.js";
import { lists } from "./lists.js";
import { memory } from "./memory.js";
import { ownText } from "./own-text.js";
import { phraseBook } from "./phrase-book.js";
import { pictures } from "./pictures.js";
import { repeating } from "./repeating.js";
import { haiku, stories } from "./stories.js";

/** The first skill that answers wins. */
const SKILLS: readonly Skill[] = [
  pictures,
  ownText,
  phraseBook,
  repeating,
  stories,
  haiku,
  counting,
  arithmetic,
  lists,
  memory,
  cannedAnswers,
];

export interface SkillAnswer {
  readonly text: string;
  /** What `demo-reasoning` thinks before it answers. */
  readonly thought: string;
  /** Whether a skill knew the answer. */
  readonly isKnown: boolean;
}

/** Answers any question, in no particular style. */
export function answerQuestion(question: Question): SkillAnswer {
  for (const { thought, answer } of SKILLS) {
    const text = question.text && answer(question);
    if (text) return { text, thought, isKnown: true };
  }
  const thought = "I have no answer to this. I say so and suggest what I can do.";
  return { text: admitIgnorance(question), thought, isKnown: false };
}

function admitIgnorance({ text, attachments }: Question): string {
  const start = attachments > 0 ? "Your attachment has arrived, but a demo model cannot look at it. " : "";
  if (text === "")
    return `${start}Your message has no text. Ask me something, for instance “What can you do?”`;
  return `${start}You wrote ${quoteText(text)}. I am the demo model that is built into this package, a small script and not a language model, so I have no answer to that and do not want to invent one. I can show you how an answer streams, though: ask me to tell a story about a lighthouse, to count to 20, to work out 12 * 7, to list the planets or to explain streaming. For real answers, choose another provider in the chat-provider node; the rest of the flow stays as it is.`;
}
