import type { Question, Skill } from "../question.js";
import { quoteText } from "../words.js";

const LANGUAGES = ["German", "French", "Spanish"] as const;
type Language = (typeof LANGUAGES)[number];

/** English phrases in lower case without punctuation, and the same in each of {@link LANGUAGES}. */
const PHRASES: Readonly<Record<string, readonly [string, string, string]>> = {
  hello: ["Hallo", "Bonjour", "Hola"],
  "good morning": ["Guten Morgen", "Bonjour", "Buenos días"],
  "thank you": ["Danke", "Merci", "Gracias"],
  "how are you": ["Wie geht es Ihnen?", "Comment allez-vous ?", "¿Cómo está usted?"],
  "the weather is nice today": [
    "Das Wetter ist heute schön",
    "Il fait beau aujourd'hui",
    "Hoy hace buen tiempo",
  ],
  "every journey begins with a first step": [
    "Jede Reise beginnt mit einem ersten Schritt",
    "Tout voyage commence par un premier pas",
    "Todo viaje comienza con un primer paso",
  ],
};

/** The first sentence if the answer should be in another language. */
export const LANGUAGE_APOLOGIES: Readonly<Record<Language, string>> = {
  German: "Ich kann leider nur ein paar feste Sätze auf Deutsch, darum geht es auf Englisch weiter.",
  French: "Je ne connais que quelques phrases en français, je continue donc en anglais.",
  Spanish: "Solo conozco unas pocas frases en español, así que sigo en inglés.",
};

/** Finds the language after words such as "translate … into". */
export function findLanguage(text: string, before: string): Language | undefined {
  const found = new RegExp(String.raw`\b(?:${before})\b.{0,80}?\b(German|French|Spanish)\b`, "i").exec(
    text,
  )?.[1];
  return LANGUAGES.find((language) => language.toLowerCase() === found?.toLowerCase());
}

/** "Translate to German: hello", "Translate “hello” into German", or anything after a system prompt that says so. */
function findPhrase({ text, system }: Question): { phrase: string; language: Language } | undefined {
  const language = findLanguage(text, "translate") ?? findLanguage(system, "translate");
  if (!language) return undefined;
  const quoted = /^translate\b[^:"“']*["“']([^"”']+)["”']/i.exec(text)?.[1];
  return { phrase: quoted ?? text.replace(/^translate\b[^:]{0,80}:\s*/i, ""), language };
}

export const phraseBook: Skill = {
  thought: "This is a translation. I look the phrase up, and say so if I do not have it.",
  answer(question) {
    const { phrase, language } = findPhrase(question) ?? {};
    if (!phrase || !language) return undefined;
    const key = phrase
      .toLowerCase()
      .replace(/[^\p{L}\s]/gu, "")
      .trim();
    const known = Object.hasOwn(PHRASES, key) ? PHRASES[key] : undefined;
    if (known) return known[LANGUAGES.indexOf(language)];
    return `I know only a few phrases in ${language}, and ${quoteText(phrase, 80)} is not among them.`;
  },
};
