/** What a text mentions: the values for tool arguments and JSON answers. */
export interface Mentions {
  readonly text: string;
  /** Capitalised names, in order: "Ada", "New York". */
  readonly names: readonly string[];
  /** The names after words such as "in" and "from", and those listed with them. */
  readonly places: readonly string[];
  /** The other names. */
  readonly people: readonly string[];
  readonly numbers: readonly number[];
  /** Texts in quotation marks. */
  readonly quotes: readonly string[];
  /** `YYYY-MM-DD`. */
  readonly dates: readonly string[];
  /** `hh:mm`. */
  readonly times: readonly string[];
  readonly emails: readonly string[];
  readonly urls: readonly string[];
}

/** Words that often begin a sentence and are not part of a name. */
const NOT_NAMES = new Set(
  (
    "a an the i i'm he she it it's we you they this that these those there what what's when where which who whose why how " +
    "is are was were do does did has have can could will would shall should may please and or but so if then also my your " +
    "tell give get find show list name write make compare explain describe calculate translate extract return summarise " +
    "answer reply say use look search check send turn set add book call no yes hello hi thanks in on at to from for with"
  ).split(" "),
);
const NAME_WORD = String.raw`\p{Lu}[\p{L}\p{M}]*(?:['’-]\p{L}+)*`;
const NAME = new RegExp(String.raw`(?<![\p{L}\p{N}_])${NAME_WORD}(?: ${NAME_WORD})*`, "gu");
const BEFORE_PLACE = /\b(?:in|at|from|to|near|for|of|between|around)\s+$/i;
const BETWEEN_ITEMS = /^(?:\s*,\s*(?:and\s+|or\s+)?|\s+(?:and|or|to)\s+(?:in\s+|for\s+)?)$/i;

export function findMentions(text: string): Mentions {
  const urls = text.match(/\bhttps?:\/\/[^\s<>"')\]]{1,500}/gi) ?? [];
  const emails = text.match(/\b[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}\b/g) ?? [];
  const dates = text.match(/\b\d{4}-\d{2}-\d{2}\b/g) ?? [];
  const times = text.match(/\b\d{1,2}:\d{2}\b/g) ?? [];
  const rest = [...urls, ...emails, ...dates, ...times].reduce(
    (left, found) => left.replace(found, " "),
    text,
  );
  const { names, places } = findNames(rest);
  const numbers = rest.match(/(?<![\p{L}\d.])-?\d{1,12}(?:,\d{3})*(?:\.\d{1,9})?/gu) ?? [];
  return {
    text,
    names,
    places,
    people: names.filter((name) => !places.includes(name)),
    numbers: numbers.map((number) => Number(number.replaceAll(",", ""))),
    quotes: [...text.matchAll(/["“]([^"”\n]{1,500})["”]/g)].map(([, quote]) => quote!),
    dates,
    times,
    emails,
    urls,
  };
}

function findNames(text: string): { names: string[]; places: string[] } {
  const names = new Set<string>();
  const places = new Set<string>();
  let end = 0;
  let wasPlace = false;
  for (const match of text.matchAll(NAME)) {
    const name = trimName(match[0]);
    const start = match.index + match[0].length - name.length;
    if (name.length < 2 || (!name.includes(" ") && isSentenceStart(text, start))) continue;
    const isListed: boolean = wasPlace && BETWEEN_ITEMS.test(text.slice(end, start));
    wasPlace = isListed || BEFORE_PLACE.test(text.slice(Math.max(0, start - 30), start));
    end = match.index + match[0].length;
    names.add(name);
    if (wasPlace) places.add(name);
  }
  if (names.size === 0) for (const name of findLowerCasePlaces(text)) places.add(name);
  return { names: names.size > 0 ? [...names] : [...places], places: [...places] };
}

/** Removes the words before a name: "Compare Paris" is about Paris. */
function trimName(name: string): string {
  const words = name.split(" ");
  while (words.length > 0 && NOT_NAMES.has(words[0]!.toLowerCase().replaceAll("’", "'"))) words.shift();
  return words.join(" ");
}

/** Whether a word is capitalised only because it begins a sentence: "Lunch with", but not "Ada is" or "Ada, Grace". */
function isSentenceStart(text: string, at: number): boolean {
  if (!/(?:^|[.!?:\n])["“]?\s*$/.test(text.slice(Math.max(0, at - 10), at))) return false;
  const next = /^\S+ (\p{Ll}+)/u.exec(text.slice(at, at + 100))?.[1];
  return next !== undefined && !/^(?:and|or|will|can|in|from|to|the|.*(?:s|ed))$/.test(next);
}

/** The places of a text in lower case, such as "weather in oslo and new york". */
function findLowerCasePlaces(text: string): string[] {
  const listed =
    /\b(?:in|at) ([\p{Ll} ,]{2,100}?)(?= (?:in|at|on|for)\b|[^\p{Ll} ,]|$)/u.exec(text)?.[1] ?? "";
  const places = listed.split(/\s*,\s*(?:and )?| and /).filter((place) => /^(?!the |a )\p{L}/u.test(place));
  return places.map((place) => place.trim().replace(/(?<= |^)\p{L}/gu, (letter) => letter.toUpperCase()));
}

const STOP_WORDS = new Set(
  (
    "a about all also an and any are as at be but by can could did do does for from get give has have how i if in into is it its just know like list make " +
    "many may me more most much my name need no not now of on one or our out please return set show so some tell than that the their them then there " +
    "these they this to two three up use using want was we were what when where which who why will with would write you your value given current " +
    "currently returns object string number"
  ).split(" "),
);

/** Words that mean the same for the choice of a tool. */
const SYNONYMS: readonly [RegExp, string][] = [
  [/^(?:temperature|forecast|rain|raining|warm|cold|sunny)$/, "weather"],
  [/^(?:calculate|calculator|compute|math|arithmetic)$/, "sum"],
  [/^email$/, "mail"],
];

/** Words that carry meaning, in lower case and singular, each once. */
export function findKeywords(text: string): string[] {
  // getWeather and get_weather are two words each.
  const words = text
    .replace(/([a-z\d])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .match(/\p{L}{2,30}/gu);
  const meaningful = (words ?? []).filter((word) => !STOP_WORDS.has(word)).map(toSingular);
  return [...new Set(meaningful.map((word) => SYNONYMS.find(([same]) => same.test(word))?.[1] ?? word))];
}

function toSingular(word: string): string {
  if (/(?:ss|us|is)$/.test(word) || word.length < 4) return word;
  return word.replace(/ies$/, "y").replace(/s$/, "");
}
