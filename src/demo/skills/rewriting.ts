import { bounded, type Question, type Skill } from "../conversation.js";
import { sentences } from "../wording.js";

/** Skills that work on a text that the question brings along. */

const ECHO =
  /^(?:please\s+)?(?:repeat|echo)(?:\s+(?:after me|exactly|precisely|this|the following|back|verbatim|to me|text|sentence|words?))*\s*(?::\s*|\s+)([\s\S]+)$/i;
const SAY =
  /^(?:please\s+)?(?:just\s+|only\s+)?say(?:\s+(?:exactly|just|only))*(?:\s*:\s*([\s\S]+)|\s+(["'“‘][\s\S]+["'”’][.!]?)|\s+(?!.*\bto\b)((?:\S+\s*){1,5}))$/i;
const REPLY =
  /\b(?:[Rr]eply|[Aa]nswer|[Rr]espond)\s+(?:only\s+|just\s+|exactly\s+)*with\s+(?:only\s+|just\s+|exactly\s+|nothing but\s+)*(?:the\s+(?:single\s+)?(?:word|words|text|phrase)\s*)?(?::\s*)?(?:["“]([^"”]{1,500})["”]|([A-Z][A-Z0-9]{0,20})\b)/;

/** Characters that are said again at most. */
const MOST_ECHOED = 1_000_000;

export const echo: Skill = {
  thought: "They want to hear exactly their own words again. I change nothing.",
  answer({ whole }) {
    const text = whole.slice(0, MOST_ECHOED).trim();
    const reply = REPLY.exec(bounded(text));
    const constant = reply?.[1] ?? (reply?.[2] === "JSON" ? undefined : reply?.[2]);
    const spoken = SAY.exec(bounded(text));
    const said = ECHO.exec(text)?.[1] ?? constant ?? spoken?.[1] ?? spoken?.[2] ?? spoken?.[3];
    return said === undefined ? undefined : unquoted(said);
  },
};

function unquoted(text: string): string {
  return /^(["'“‘])([\s\S]*)["'”’][.!]?$/.exec(text)?.[2] ?? text;
}

const SUMMARY = /\b(?:summari[sz]e|sum up|summary of|tl;?dr|shorten|condense)\b/i;

/** Summarises by choosing: a script that paraphrased would make mistakes that nobody could see. */
export const summary: Skill = {
  thought: "They want the gist. I look for the sentences that carry it.",
  answer(question) {
    if (!SUMMARY.test(question.text)) return undefined;
    const source = broughtAlong(question);
    const parts = source === undefined ? [] : sentences(source);
    if (parts.length === 0) {
      return "I should be glad to summarise it, but there is no text in your message. Put it after a colon: “Summarise: …”.";
    }
    if (parts.length <= 2) return `In short: ${parts[0]}`;
    return `In short: ${parts[0]} ${parts.at(-1)} (I have kept the first and the last of ${parts.length} sentences.)`;
  },
};

const GOOD =
  /\b(?:good|great|love[ds]?|excellent|happy|wonderful|perfect|nice|best|thanks?|helpful|fast|friendly|delighted|pleased|amazing|easy)\b/gi;
const BAD =
  /\b(?:bad|terrible|hate[ds]?|awful|sad|broken|slow|worst|angry|useless|poor|disappoint\w*|horrible|annoy\w*|late|never|difficult)\b/gi;

/** @returns the mood of a text by its words alone. */
export function moodOf(text: string): "positive" | "negative" | "neutral" {
  const balance = (text.match(GOOD)?.length ?? 0) - (text.match(BAD)?.length ?? 0);
  return balance > 0 ? "positive" : balance < 0 ? "negative" : "neutral";
}

export const mood: Skill = {
  thought: "I have to judge the mood of a text. I weigh the friendly words against the unfriendly ones.",
  answer(question) {
    const asked = /\bsentiment\b|\bmood of\b|\bpositive or negative\b|\bpositive, negative\b/i;
    if (!asked.test(`${question.text}\n${question.system}`)) return undefined;
    return capitalisedMood(moodOf(broughtAlong(question) ?? question.text));
  },
};

function capitalisedMood(found: string): string {
  return `${found[0]!.toUpperCase()}${found.slice(1)}`;
}

/** The text after the first colon or line break, or in quotation marks, if there is one. */
function broughtAlong({ text }: Question): string | undefined {
  return (/["“]([^"”]{10,})["”]/.exec(text)?.[1] ?? /(?::|\n)\s*([\s\S]{3,})$/.exec(text)?.[1])?.trim();
}
