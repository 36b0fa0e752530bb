import type { Skill } from "../question.js";

/** Text that is repeated at most. */
const MAX_REPEATED_CHARS = 1_000_000;
const REPEAT =
  /^(?:please\s+)?(?:(?:repeat|echo)(?:\s+(?:after me|exactly|this|the following))*(?:\s*:\s*|\s+)|say\s*:\s*|say\s+(?=["“]))([\s\S]+)$/i;

export const repeating: Skill = {
  thought: "They want to hear exactly their own words again. I change nothing.",
  answer({ whole }) {
    const text = REPEAT.exec(whole.slice(0, MAX_REPEATED_CHARS).trim())?.[1];
    return text && (/^["“]([\s\S]*)["”][.!]?$/.exec(text)?.[1] ?? text);
  },
};
