import { pick, type Skill } from "../conversation.js";
import { capitalised, NUMBER, numberFrom, topicOf } from "../wording.js";

/** Things that the model knows by heart, by the words that ask for them. */
const KNOWN: readonly [RegExp, string, readonly string[]][] = [
  [
    /\bplanets?\b/,
    "planets",
    ["Mercury", "Venus", "Earth", "Mars", "Jupiter", "Saturn", "Uranus", "Neptune"],
  ],
  [
    /\b(?:week ?days?|days of the week)\b/,
    "days of the week",
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
  ],
  [
    /\bmonths?\b/,
    "months",
    [
      "January",
      "February",
      "March",
      "April",
      "May",
      "June",
      "July",
      "August",
      "September",
      "October",
      "November",
      "December",
    ],
  ],
  [/\bseasons?\b/, "seasons", ["spring", "summer", "autumn", "winter"]],
  [
    /\bcontinents?\b/,
    "continents",
    ["Africa", "Antarctica", "Asia", "Europe", "North America", "Oceania", "South America"],
  ],
  [
    /\bcolou?rs?\b/,
    "colours",
    ["red", "orange", "yellow", "green", "blue", "indigo", "violet", "white", "grey", "black"],
  ],
  [
    /\bfruits?\b/,
    "fruits",
    ["apple", "pear", "cherry", "plum", "fig", "mango", "banana", "orange", "kiwi", "papaya"],
  ],
  [
    /\bvegetables?\b/,
    "vegetables",
    ["carrot", "leek", "spinach", "pumpkin", "beetroot", "cabbage", "pea", "radish", "celery", "onion"],
  ],
  [
    /\banimals?\b/,
    "animals",
    ["fox", "otter", "heron", "hedgehog", "lynx", "seal", "badger", "owl", "deer", "tortoise"],
  ],
  [
    /\b(?:cities|city|capitals)\b/,
    "cities",
    ["Paris", "Lisbon", "Prague", "Vienna", "Helsinki", "Dublin", "Athens", "Oslo", "Madrid", "Rome"],
  ],
  [
    /\b(?:programming )?languages?\b/,
    "programming languages",
    ["JavaScript", "Python", "Rust", "Go", "Java", "C", "Haskell", "Ruby", "Kotlin", "Elixir"],
  ],
  [
    /\bnodes?\b/,
    "Node-RED nodes",
    ["inject", "debug", "function", "change", "switch", "split", "join", "delay", "template", "http request"],
  ],
  [/\bprimes?\b/, "prime numbers", ["2", "3", "5", "7", "11", "13", "17", "19", "23", "29"]],
  [
    /\binstruments?\b/,
    "instruments",
    ["violin", "flute", "cello", "piano", "harp", "clarinet", "trumpet", "guitar", "oboe", "drum"],
  ],
];

/** Advice that is true of nearly anything; the topic stands in the heading, so no grammar can go wrong. */
const ADVICE = [
  "Start small: ten minutes today are worth more than a grand plan for next month.",
  "Write down what you already know, and mark what you only believe.",
  "Ask somebody who has done it before; most people love to explain.",
  "Change one thing at a time, so that you can tell what helped.",
  "Keep a notebook beside you, and date every page.",
  "Show your work early, while it is still easy to change.",
  "Take a walk when you are stuck. The answer often meets you halfway.",
  "Leave something for tomorrow, so that beginning again is easy.",
  "Throw away what does not help, even if it was hard to make.",
  "Celebrate when it is finished, however small it is.",
];

const CUE = /\b(?:list|name|give me|suggest|enumerate|tell me|write|show me|send me|what are|which are)\b/;
const GENERIC =
  /\b(?:list|tips?|ideas?|reasons?|suggestions?|ways?|steps?|things?|rules?|facts?|examples?)\b/;
const HOW_MANY = new RegExp(String.raw`\b(${NUMBER})\b`);
const USUAL = 5;

export const lists: Skill = {
  thought: "They want a list. I choose the items, count them, and put each on its own line.",
  answer({ lower, text, salt }) {
    if (!CUE.test(lower) || /\b(?:function|code|script|story|poem|haiku)\b/.test(lower)) return undefined;
    const one = /\b(?:name|give me|suggest|tell me) (?:a|an|any)\b(?! list)/.test(lower);
    const wanted = numberFrom(HOW_MANY.exec(lower)?.[1]);
    const known = KNOWN.find(([pattern]) => pattern.test(lower));
    const explicit =
      /\blist\b|\bname\b|\bwhat are\b|\bwhich are\b|\benumerate\b/.test(lower) || wanted !== undefined;
    if (known && (one || wanted === 1)) return `${capitalised(pick(known[2], salt))}.`;
    if (known && explicit) return knownList(known[1], known[2], wanted, /\b(?:all|the)\b/.test(lower));
    if (!GENERIC.test(lower) || (!explicit && !/\b(?:tips|ideas|reasons|suggestions)\b/.test(lower)))
      return undefined;
    const topic = topicOf(text);
    const count = Math.min(Math.max(wanted ?? USUAL, 1), ADVICE.length);
    const items = Array.from({ length: count }, (_, at) => ADVICE[(salt + at) % ADVICE.length]!);
    return `Here is my list${topic ? ` on ${topic}` : ""}:\n\n${numbered(items)}`;
  },
};

function knownList(
  label: string,
  items: readonly string[],
  wanted: number | undefined,
  whole: boolean,
): string {
  const count = Math.min(Math.max(wanted ?? (whole ? items.length : USUAL), 1), items.length);
  const short = wanted !== undefined && wanted > items.length ? ` (I know only ${items.length})` : "";
  return `Here are ${count} ${label}${short}:\n\n${numbered(items.slice(0, count).map(capitalised))}`;
}

function numbered(items: readonly string[]): string {
  return items.map((item, at) => `${at + 1}. ${item}`).join("\n");
}
