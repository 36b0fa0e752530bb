import type { Skill } from "../question.js";
import { quoteText } from "../words.js";

const LANGUAGES = ["German", "French", "Spanish"];

/** English phrases in lower case without punctuation, each in all {@link LANGUAGES}. */
const PHRASES: ReadonlyMap<string, readonly string[]> = new Map([
  ["hello", ["Hallo", "Bonjour", "Hola"]],
  ["good morning", ["Guten Morgen", "Bonjour", "Buenos días"]],
  ["how are you", ["Wie geht es Ihnen?", "Comment allez-vous ?", "¿Cómo está usted?"]],
  [
    "the weather is nice today",
    ["Das Wetter ist heute schön", "Il fait beau aujourd'hui", "Hoy hace buen tiempo"],
  ],
  [
    "every journey begins with a first step",
    [
      "Jede Reise beginnt mit einem ersten Schritt",
      "Tout voyage commence par un premier pas",
      "Todo viaje comienza con un primer paso",
    ],
  ],
]);

/** What comes before an English answer that should be in another language, in the order of {@link LANGUAGES}. */
const APOLOGIES = [
  "Ich kann leider nur ein paar feste Sätze auf Deutsch, darum geht es auf Englisch weiter.",
  "Je ne connais que quelques phrases en français, je continue donc en anglais.",
  "Solo conozco unas pocas frases en español, así que sigo en inglés.",
];

/** @returns the place in {@link LANGUAGES} of the language after a verb such as "answer"; -1 if there is none */
function findLanguage(text: string, verbs: string): number {
  const pattern = new RegExp(String.raw`\b(?:${verbs})\b.{0,80}?\b(${LANGUAGES.join("|")})\b`);
  return LANGUAGES.indexOf(pattern.exec(text)?.[1] ?? "");
}

/** An apology if the text asks for an answer in another language. */
export function apologiseInLanguage(text: string): string | undefined {
  return APOLOGIES[findLanguage(text, "[Aa]nswer|[Rr]eply|[Rr]espond|[Ss]peak|[Ww]rite")];
}

/** Translates the whole message if the system prompt says so: "Translate what you are told into French." */
export const phraseBook: Skill = {
  thought: "This is a translation. I look the phrase up, and say so if I do not have it.",
  answer({ text, lower, system }) {
    const language = findLanguage(system, "[Tt]ranslate");
    if (language < 0) return undefined;
    const phrase = PHRASES.get(lower.replace(/[^\p{L}\s]/gu, "").trim());
    if (phrase) return phrase[language];
    return `I know only a few phrases in ${LANGUAGES[language]}, and ${quoteText(text, 80)} is not among them.`;
  },
};
