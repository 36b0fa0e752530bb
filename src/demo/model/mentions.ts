/** What a text names: the values from which tool arguments and JSON answers are made. */
export interface Mentions {
  readonly text: string;
  /** Capitalised names, in order: "Ada", "New York". */
  readonly names: readonly string[];
  /** Those that stand where a place stands: after "in", "at", "from" and in an enumeration begun so. */
  readonly places: readonly string[];
  /** Names that are no places. */
  readonly people: readonly string[];
  readonly numbers: readonly number[];
  /** What stands in quotation marks. */
  readonly quotes: readonly string[];
  readonly dates: readonly string[];
  readonly times: readonly string[];
  readonly emails: readonly string[];
  readonly urls: readonly string[];
}

/** Words that begin a sentence far more often than they are a name. */
const NO_NAMES = new Set(
  (
    "a an the i i'm i've i'd i'll he she it it's we you they this that these those there here what what's when where which who whose why how " +
    "is are was were do does did has have had can could will would shall should may might must please and or but so if then also " +
    "tell give get find show list name write make create compare explain describe calculate compute convert translate extract return " +
    "summarise summarize classify answer reply respond say use look search check send turn set put add open close start stop book order call let " +
    "my your his her our their yes no not hello hi hey thanks thank dear in on at to from for with about of as by between " +
    "monday tuesday wednesday thursday friday saturday sunday january february march april may june july august september october november december " +
    "json http https sse api url html sql csv id mqtt today tomorrow yesterday now"
  ).split(" "),
);

const NAME_WORD = String.raw`\p{Lu}[\p{L}\p{M}]*(?:['’-]\p{L}+)*`;
const NAME = new RegExp(String.raw`(?<![\p{L}\p{N}_])${NAME_WORD}(?:[ ]${NAME_WORD})*`, "gu");
const BEFORE_PLACE =
  /\b(?:in|at|from|to|near|for|of|between|around|towards|via|visit|visiting)\s+(?:the\s+)?$/i;
const BETWEEN_ITEMS =
  /^(?:\s*,\s*(?:and\s+|or\s+)?|\s+(?:and|or|versus|vs\.?|to)\s+(?:in\s+|for\s+|to\s+)?|\s*&\s*)$/i;

const CITIES =
  /\b(amsterdam|athens|barcelona|beijing|berlin|boston|brussels|cairo|chicago|copenhagen|delhi|dublin|hamburg|helsinki|istanbul|lisbon|london|los angeles|madrid|milan|moscow|mumbai|munich|nairobi|new york|oslo|paris|prague|rome|san francisco|seattle|shanghai|singapore|stockholm|sydney|tokyo|toronto|vienna|warsaw|zurich)\b/g;

export function mentionsIn(text: string): Mentions {
  const urls = text.match(/\bhttps?:\/\/[^\s<>"')\]]{1,500}/gi) ?? [];
  const emails = text.match(/\b[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}\b/g) ?? [];
  const dates = text.match(/\b\d{4}-\d{2}-\d{2}\b/g) ?? [];
  const times = text.match(/\b\d{1,2}:\d{2}(?::\d{2})?\b/g) ?? [];
  let rest = text;
  for (const found of [...urls, ...emails, ...dates, ...times]) rest = rest.replace(found, " ");
  const { names, places } = namesIn(rest);
  const known = names.length > 0 ? [] : citiesIn(rest);
  const allPlaces = places.length > 0 ? places : known;
  return {
    text,
    names: names.length > 0 ? names : known,
    places: allPlaces,
    people: names.filter((name) => !allPlaces.includes(name)),
    numbers: (rest.match(/(?<![\p{L}\d.])-?\d{1,12}(?:,\d{3})*(?:\.\d{1,9})?/gu) ?? []).map((found) =>
      Number(found.replaceAll(",", "")),
    ),
    quotes: [...text.matchAll(/["“]([^"”\n]{1,500})["”]/g)].map((found) => found[1]!),
    dates,
    times,
    emails,
    urls,
  };
}

function namesIn(text: string): { names: string[]; places: string[] } {
  const names: string[] = [];
  const places: string[] = [];
  let end = 0;
  let wasPlace = false;
  for (const match of text.matchAll(NAME)) {
    const cut = withoutStarters(match[0]);
    if (!cut) continue;
    const start = match.index + match[0].length - cut.length;
    if (!cut.includes(" ") && beginsSentence(text, start)) continue;
    const between = text.slice(end, start);
    const enumerated = names.length > 0 && BETWEEN_ITEMS.test(between);
    const place: boolean =
      BEFORE_PLACE.test(text.slice(Math.max(0, start - 30), start)) || (enumerated && wasPlace);
    end = match.index + match[0].length;
    wasPlace = place;
    if (!names.includes(cut)) names.push(cut);
    if (place && !places.includes(cut)) places.push(cut);
  }
  return { names, places };
}

/** Whether a word is capitalised only because a sentence begins with it: "Lunch with", unlike "Ada is" or "Ada, Grace". */
function beginsSentence(text: string, at: number): boolean {
  if (!/(?:^|[.!?:\n])["“]?\s*$/.test(text.slice(Math.max(0, at - 10), at))) return false;
  const next = /^\S+ (\p{Ll}+)/u.exec(text.slice(at, at + 100))?.[1];
  return (
    next !== undefined &&
    !/^(?:and|or|will|can|in|at|from|of|to|the|vs|versus|today|tomorrow|now|.*(?:s|ed))$/.test(next)
  );
}

/** "Compare Paris" begins with a verb, "In London" with a preposition: neither is part of the name. */
function withoutStarters(found: string): string {
  const words = found.split(" ");
  while (words.length > 0 && NO_NAMES.has(words[0]!.toLowerCase().replaceAll("’", "'"))) words.shift();
  const name = words.join(" ").replace(/['’]s$/, "");
  return name.length > 1 ? name : "";
}

function citiesIn(text: string): string[] {
  const found = (text.toLowerCase().match(CITIES) ?? []).map((city) =>
    city.replace(/\b[a-z]/g, (letter) => letter.toUpperCase()),
  );
  return [...new Set(found)];
}

const STOP_WORDS = new Set(
  (
    "a about all also an and any are as at be but by can could did do does for from get give has have how i if in into is it its just know like list make " +
    "many may me more most much my name need no not now of on one or our out please return set show so some tell than that the their them then " +
    "there these they this to two three up use using want was we were what when where which who why will with would write you your value given " +
    "current currently returns object string number"
  ).split(" "),
);

/** Words that carry meaning, lower case, in their singular form, each once. */
export function keywords(text: string): string[] {
  const words = text
    // getWeather and get_weather are two words each.
    .replace(/([a-z\d])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .match(/\p{L}{2,30}/gu);
  return [...new Set((words ?? []).filter((word) => !STOP_WORDS.has(word)).map(singular))];
}

function singular(word: string): string {
  if (/(?:ss|us|is)$/.test(word) || word.length < 4) return word;
  if (word.endsWith("ies")) return `${word.slice(0, -3)}y`;
  return word.endsWith("s") ? word.slice(0, -1) : word;
}
