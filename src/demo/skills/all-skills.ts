import type { Question, Skill } from "../question.js";
import { aboutDemo, admitIgnorance, smallTalk } from "./about-demo.js";
import { arithmetic } from "./arithmetic.js";
import { counting } from "./counting.js";
import { lists } from "./lists.js";
import { memory } from "./memory.js";
import { phraseBook } from "./phrase-book.js";
import { repeating } from "./repeating.js";
import { stories } from "./stories.js";
import { topics } from "./topics.js";
import { code, haiku } from "./writing.js";

/** The first skill that answers wins. */
const SKILLS: readonly Skill[] = [
  phraseBook,
  repeating,
  aboutDemo,
  memory,
  stories,
  haiku,
  code,
  counting,
  arithmetic,
  lists,
  topics,
  smallTalk,
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
    const text = question.text === "" ? undefined : answer(question);
    if (text) return { text, thought, isKnown: true };
  }
  const thought = "I have no answer to this. I say so and suggest what I can do.";
  return { text: admitIgnorance(question), thought, isKnown: false };
}
