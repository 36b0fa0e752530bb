import { arithmetic } from "../arithmetic.js";
import { pick, type Question, quoted, type Skill } from "../conversation.js";
import { chinese } from "./chinese.js";
import { code } from "./code.js";
import { counting } from "./counting.js";
import { capitals, explanations } from "./explanations.js";
import { lists } from "./lists.js";
import { noted, recall } from "./memory.js";
import { poems } from "./poems.js";
import { echo, mood, summary } from "./rewriting.js";
import { stories } from "./stories.js";
import { abilities, identity, joke, present, smallTalk } from "./talk.js";
import { translation } from "./translation.js";

/** In order of precedence: what is asked outright comes before what is merely said on the way. */
const SKILLS: readonly Skill[] = [
  translation,
  echo,
  chinese,
  recall,
  summary,
  mood,
  identity,
  abilities,
  stories,
  poems,
  joke,
  code,
  arithmetic,
  counting,
  capitals,
  explanations,
  lists,
  present,
  noted,
  smallTalk,
];

/** What the model says, and what `demo-reasoning` thinks before it. */
export interface Reply {
  readonly text: string;
  readonly thought: string;
  /** Whether this answers the question, rather than regretting that it cannot. */
  readonly known: boolean;
}

const UNKNOWN = [
  "You wrote {question}, and I have to disappoint you: I am the demo model of this package, a small script and no real language model. I would rather say that I do not know than make something up. I can tell you a story about it, though, or write a haiku. For a real answer, choose another provider in the chat-provider node; the rest of the flow stays as it is.",
  "Your message, {question}, deserves a better answer than I can give. I am only a demo that runs on your own machine and has a few dozen things by heart. Still, it has come all the way through the flow, and this reply is finding its way back one chunk at a time. Ask me what I can do, and I will show you something better.",
  "I have read {question} twice now, and I wish that I could do it justice. I am a demo model: I can count, tell stories, do sums and remember what you said, but there is no knowledge of the world in me. Every part of the flow works just as it would with a real service. Only the answer is smaller.",
];

const UNKNOWN_THOUGHT = "I have no ready answer to this. I should say so kindly and suggest what I can do.";

/** Answers a question, ignoring how it should be dressed up; always finds something to say. */
export function reply(question: Question): Reply {
  if (question.text === "")
    return { text: nothingAsked(question), thought: "There is nothing to answer here.", known: false };
  for (const skill of SKILLS) {
    const text = skill.answer(question);
    if (text !== undefined) return { text, thought: skill.thought, known: true };
  }
  const text = pick(UNKNOWN, question.salt).replaceAll("{question}", () => quoted(question.text));
  return {
    text: question.attachments > 0 ? `${nothingAsked(question)} ${text}` : text,
    thought: UNKNOWN_THOUGHT,
    known: false,
  };
}

function nothingAsked({ attachments }: Question): string {
  return attachments > 0
    ? "I have received your attachment, but a demo model has no eyes or ears, so I can only tell you that it arrived."
    : "Your message is empty, so there is nothing for me to answer. Ask me something, for instance: “Tell me a story about a lighthouse.”";
}
