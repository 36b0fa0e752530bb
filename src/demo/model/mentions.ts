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
    "tell give get find show list name write make compare explain describe calculate translate extract return " +
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
  const numbers = rest.match(/(?<![\p{L}\d.])-?\d{1,12}(?:,\d{3})*(?:\.\d{1,9})?/gu) ?? [];
  return {
    text,
    ...findNames(rest),
    numbers: numbers.map((number) => Number(number.replaceAll(",", ""))),
    quotes: [...text.matchAll(/["“]([^"”\n]{1,500})["”]/g)].map(([, quote]) => quote!),
    dates,
    times,
    emails,
    urls,
  };
}

function findNames(text: string): Pick<Mentions, "names" | "places" | "people"> {
  const [places, people] = [new Set<string>(), new Set<string>()];
  let end = 0;
  let wasPlace = false;
  for (const match of text.matchAll(NAME)) {
    const name = trimName(match[0]);
    const start = match.index + match[0].length - name.length;
    if (name.length < 2 || (!name.includes(" ") && isSentenceStart(text, start))) continue;
    const isListed: boolean = wasPlace && BETWEEN_ITEMS.test(text.slice(end, start));
    wasPlace = isListed || BEFORE_PLACE.test(text.slice(Math.max(0, start - 30), start));
    end = start + name.length;
    (wasPlace ? places : people).add(name);
  }
  if (places.size + people.size === 0) for (const place of findLowerCasePlaces(text)) places.add(place);
  return { names: [...new Set([...places, ...people])], places: [...places], people: [...people] };
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
