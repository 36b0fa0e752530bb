import type { Skill } from "../question.js";
import { capitalise, findTopic } from "../words.js";

const HAIKU = ["Letters on the wire,", "one by one they find their place:", "morning fills the page."];

/** The topic is the title, because stock lines with another word in them would lose their measure. */
export const haiku: Skill = {
  thought: "They want a haiku. I keep to its measure and give it a title.",
  answer({ lower, text }) {
    if (!/\b(?:haiku|poem)\b/.test(lower)) return undefined;
    const topic = findTopic(text);
    return (topic ? `${capitalise(topic)}\n\n` : "") + HAIKU.join("\n");
  },
};

/** A test runs this code. */
const FIBONACCI = `\`\`\`javascript
function fibonacci(n) {
  let [a, b] = [0, 1];
  for (let i = 0; i < n; i++) [a, b] = [b, a + b];
  return a;
}
\`\`\`

It needs no recursion: two numbers and a loop are enough. \`fibonacci(10)\` is 55.`;

export const code: Skill = {
  thought: "They want code. I write a small function and say one thing about it.",
  answer({ lower }) {
    if (!/\b(?:write|show|give)\b.*\b(?:code|function|program|script)\b/.test(lower)) return undefined;
    const isKnown = /\bfibonacci\b/.test(lower);
    return `${isKnown ? "Here you are" : "I know only one function by heart, so here it is"}:\n\n${FIBONACCI}`;
  },
};
