import type { Skill } from "../question.js";

/** A further part of a name is capitalised: "Ada Lovelace", but not "Ada and". */
const NAME =
  /\b(?:[Mm]y name(?:['’]s| is)|[Cc]all me|I am called)\s+(\p{L}[\p{L}'’-]{0,40}(?:\s\p{Lu}[\p{L}'’-]{1,40}){0,2})/u;
const QUESTION = /\bwhat(?:['’]s| is) my name\b|\bwho am i\b|\bknow my name\b/;

function findName(texts: readonly string[]): string | undefined {
  const statements = texts.filter((text) => !QUESTION.test(text.toLowerCase()));
  return statements.map((text) => NAME.exec(text)?.[1]).findLast((name) => name !== undefined);
}

/** The model keeps nothing itself: the name has to be in the messages of the request. */
export const memory: Skill = {
  thought: "This is about a name. I look for it in the conversation.",
  answer({ text, lower, earlier }) {
    if (QUESTION.test(lower)) {
      const name = findName(earlier);
      if (name) return `Your name is ${name}.`;
      return "You have not told me your name in this conversation. I see only the messages that a request sends me, so if you did tell me, the flow has not kept the conversation.";
    }
    const name = findName([text]);
    if (!name) return undefined;
    return `Nice to meet you, ${name}! I am the demo model of this package, and I know your name for as long as the flow sends me this conversation.`;
  },
};
