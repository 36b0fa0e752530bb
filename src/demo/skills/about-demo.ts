import type { Question, Skill } from "../question.js";
import { quoteText } from "../words.js";

const WHO_I_AM =
  "I am the demo model of this package: a small script that runs on your own machine and speaks the same protocol as a real service, so that a flow can be built and tested without an account. When you want real answers, choose another provider; nothing else in the flow has to change.";

const ABILITIES = `I am a small script and not a language model, but I can show what this package does. You can ask me to:

- tell a story or write a haiku about anything you like
- count to any number, or work out a sum such as 12 * 7
- list planets, fruits, cities and a few more things
- explain streaming, Node-RED, tokens, tool calls or why the sky is blue
- write a function for the Fibonacci numbers
- repeat a text, or translate a few phrases
- remember your name in a conversation
- call the tools that a request offers, and answer in JSON

Choose the model demo-reasoning to see me think first, or a model such as demo:fault=drop&after=12 to see an answer break off on purpose.`;

export const aboutDemo: Skill = {
  thought: "This is about myself. I should say honestly what I am.",
  answer({ lower }) {
    if (/\b(?:who|what) are you\b|\bwhat(?:'s| is) your name\b|\bintroduce yourself\b/.test(lower))
      return WHO_I_AM;
    return /^help\b|\bwhat (?:can|could) (?:you|i) (?:do|ask)\b|\bhow can you help\b/.test(lower)
      ? ABILITIES
      : undefined;
  },
};

export const smallTalk: Skill = {
  thought: "This is small talk. A short, friendly answer will do.",
  answer({ lower }) {
    if (/^(?:hello|hi|hey|good (?:morning|afternoon|evening|day))\b/.test(lower)) {
      return "Hello! I am the demo model of this package. Ask me for a story, a haiku, a list or a sum, and watch the answer arrive piece by piece.";
    }
    return /^(?:thanks|thank you)\b/.test(lower)
      ? "You are welcome! Is there anything else that I can show you?"
      : undefined;
  },
};

/** The answer to a question that no skill knows. */
export function admitIgnorance({ text, attachments }: Question): string {
  const attachment =
    attachments > 0
      ? "Your attachment has arrived, but a demo model cannot look at it or listen to it. "
      : "";
  if (text !== "") {
    return `${attachment}You wrote ${quoteText(text)}. I am the demo model that is built into this package, a small script and not a language model, so I have no answer to that and do not want to invent one. I can show you how an answer streams, though: ask me to tell a story about a lighthouse, to count to 20, to work out 12 * 7, to list the planets or to explain streaming. For real answers, choose another provider in the chat-provider node; the rest of the flow stays as it is.`;
  }
  return (
    attachment ||
    "Your message is empty. Ask me something, for instance: “Tell me a story about a lighthouse.”"
  );
}
