import { quoted, type Skill } from "../conversation.js";
import { sentences } from "../wording.js";

export type Language = "German" | "French" | "Spanish";

/** Phrases as a phrase book has them: English, German, French, Spanish. */
const PHRASES: readonly (readonly [string, string, string, string])[] = [
  ["hello", "Hallo", "Bonjour", "Hola"],
  ["hello world", "Hallo Welt", "Bonjour le monde", "Hola mundo"],
  ["good morning", "Guten Morgen", "Bonjour", "Buenos días"],
  ["good evening", "Guten Abend", "Bonsoir", "Buenas tardes"],
  ["good night", "Gute Nacht", "Bonne nuit", "Buenas noches"],
  ["goodbye", "Auf Wiedersehen", "Au revoir", "Adiós"],
  ["please", "Bitte", "S'il vous plaît", "Por favor"],
  ["thank you", "Danke", "Merci", "Gracias"],
  ["thank you very much", "Vielen Dank", "Merci beaucoup", "Muchas gracias"],
  ["yes", "Ja", "Oui", "Sí"],
  ["no", "Nein", "Non", "No"],
  ["how are you", "Wie geht es Ihnen?", "Comment allez-vous ?", "¿Cómo está usted?"],
  ["i love you", "Ich liebe dich", "Je t'aime", "Te quiero"],
  ["where is the station", "Wo ist der Bahnhof?", "Où est la gare ?", "¿Dónde está la estación?"],
  ["a coffee please", "Einen Kaffee, bitte", "Un café, s'il vous plaît", "Un café, por favor"],
  [
    "the weather is nice today",
    "Das Wetter ist heute schön",
    "Il fait beau aujourd'hui",
    "Hoy hace buen tiempo",
  ],
  [
    "every journey begins with a first step",
    "Jede Reise beginnt mit einem ersten Schritt",
    "Tout voyage commence par un premier pas",
    "Todo viaje comienza con un primer paso",
  ],
  [
    "the answer arrives piece by piece",
    "Die Antwort kommt Stück für Stück an",
    "La réponse arrive morceau par morceau",
    "La respuesta llega poco a poco",
  ],
];

const LANGUAGES: readonly Language[] = ["German", "French", "Spanish"];
const LANGUAGE = "(german|french|spanish)";
const FORMS: readonly RegExp[] = [
  new RegExp(String.raw`\btranslate\b.{0,40}?\b(?:in)?to ${LANGUAGE}\s*[:,.\n-]+\s*(?<text>[\s\S]+)$`, "i"),
  new RegExp(String.raw`\btranslate\s+(?<text>[\s\S]+?)\s+(?:in)?to ${LANGUAGE}\b`, "i"),
  new RegExp(String.raw`\bhow (?:do|would) (?:you|i|we) say\s+(?<text>[\s\S]+?)\s+in ${LANGUAGE}\b`, "i"),
  new RegExp(String.raw`\bwhat(?:'s| is)\s+(?<text>["“'][\s\S]+?["”'])\s+in ${LANGUAGE}\b`, "i"),
  new RegExp(String.raw`\bsay\s+(?<text>[\s\S]+?)\s+in ${LANGUAGE}\b`, "i"),
];
const SYSTEM_FORM = new RegExp(String.raw`\btranslate\b.{0,80}?\b(?:in)?to ${LANGUAGE}\b`, "i");

function languageIn(text: string): Language | undefined {
  return LANGUAGES.find((language) => new RegExp(String.raw`\b${language}\b`, "i").test(text));
}

/** @returns the phrase in the language, or undefined where the phrase book does not have it. */
function lookUp(phrase: string, language: Language): string | undefined {
  const plain = phrase
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s]/gu, "")
    .replace(/\s+/g, " ")
    .trim();
  return PHRASES.find(([english]) => english === plain)?.[(LANGUAGES.indexOf(language) + 1) as 1 | 2 | 3];
}

function translate(text: string, language: Language): string {
  const plain = text.replace(/^["“'\s]+|["”'\s]+$/g, "");
  const whole = lookUp(plain, language);
  if (whole !== undefined) return whole;
  const parts = sentences(plain).map((sentence) => [sentence, lookUp(sentence, language)] as const);
  if (parts.length > 1 && parts.every(([, found]) => found !== undefined)) {
    return parts
      .map(
        ([sentence, found]) => found! + (/[?!.]$/.exec(found!) ? "" : (/[?!.]$/.exec(sentence)?.[0] ?? ".")),
      )
      .join(" ");
  }
  const sample = PHRASES.at(-1)![(LANGUAGES.indexOf(language) + 1) as 1 | 2 | 3];
  return `I know only a small phrase book by heart, and ${quoted(plain, 80)} is not in it, so I had better leave it untranslated. What I can say in ${language} is this: “${sample}.” It means: “The answer arrives piece by piece.”`;
}

export const translation: Skill = {
  thought: "This is a translation. I look the phrase up, and say so if I do not have it.",
  answer({ text, system }) {
    for (const form of FORMS) {
      const found = form.exec(text);
      const language = found && languageIn(found[0].replace(found.groups?.["text"] ?? "", ""));
      if (found && language) return translate(found.groups?.["text"] ?? "", language);
    }
    const asked = SYSTEM_FORM.exec(system);
    const language = asked && languageIn(asked[0]);
    return language && text ? translate(text, language) : undefined;
  },
};

/** One honest sentence for "answer in German": the phrase book ends there. */
export const APOLOGIES: Readonly<Record<Language, string>> = {
  German: "Ich kann leider nur ein paar feste Sätze auf Deutsch, darum geht es auf Englisch weiter.",
  French: "Je ne connais que quelques phrases en français, je continue donc en anglais.",
  Spanish: "Solo conozco unas pocas frases en español, así que sigo en inglés.",
};
