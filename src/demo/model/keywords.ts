/** Words that say nothing about what a question or a tool is for. */
const STOP_WORDS = new Set(
  (
    "a about all also an and any are as at be but by can could current did do does for from get give has have how i if in into is it its " +
    "just know like list make many may me more most much my name need no not now object of on one or our out please return set show so " +
    "some string tell than that the their them then there these they this to two up use using value want was we were what when where " +
    "which who why will with would write you your"
  ).split(" "),
);

/** Words that mean the same when a tool is chosen. */
const SYNONYMS: readonly [RegExp, string][] = [
  [/^(?:temperature|forecast|rain|raining|warm|cold|sunny)$/, "weather"],
  [/^(?:calculate|calculator|compute|math|arithmetic)$/, "sum"],
  [/^email$/, "mail"],
  [/^(?:light|bulb)$/, "lamp"],
];

/** The words of a text or name that carry meaning, in lower case and singular, each once. */
export function findKeywords(text: string): string[] {
  const words = toSnakeCase(text).match(/\p{L}{2,30}/gu) ?? [];
  const meaningful = words.filter((word) => !STOP_WORDS.has(word)).map(toSingular);
  return [...new Set(meaningful.map((word) => SYNONYMS.find(([same]) => same.test(word))?.[1] ?? word))];
}

function toSingular(word: string): string {
  if (/(?:ss|us|is)$/.test(word) || word.length < 4) return word;
  return word.replace(/ies$/, "y").replace(/s$/, "");
}

/** Turns camelCase, kebab-case and blanks into snake_case, so that one set of patterns reads them all. */
export function toSnakeCase(name: string): string {
  return name
    .replace(/([a-z\d])([A-Z])/g, "$1_$2")
    .replace(/[-\s]+/g, "_")
    .toLowerCase();
}
