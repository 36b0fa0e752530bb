/** What a text mentions: the values for tool arguments and JSON answers. */
export interface Mentions {
  readonly text: string;
  /** Capitalised names: "Ada", "New York". */
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

const NAME = String.raw`\p{Lu}\p{L}+(?:['’-]\p{L}+)*(?: \p{Lu}\p{L}+(?:['’-]\p{L}+)*)*`;
/** A word at the start of a sentence is a name only before some words: "Ada is", but not "Lunch with". */
const NAMES = new RegExp(
  String.raw`(?<!(?:^|[.!?:\n])\s*["“]?)(?<!\p{L})${NAME}|(?<!\p{L})${NAME}(?= (?:is|has|was|will|lives)\b|, \p{Lu})`,
  "gu",
);
const NOT_NAMES = /^(?:What|Who|Where|When|Which|How|This|That|There|It|He|She|We|You|They)$/;
const PLACES = new RegExp(
  String.raw`\b(?:[Ii]n|[Aa]t|from|to|near|for|of|between) (${NAME}(?:(?:,| and| or| to|, and) ${NAME})*)`,
  "gu",
);
const MAX_PLACES_CHARS = 100;
const EMAIL = /^[.+-]*(\w[\w.+-]*@[\w-]+(?:\.[\w-]+)+)/;

export function findMentions(text: string): Mentions {
  const urls = text.match(/\bhttps?:\/\/[^\s<>"')\]]+/gi) ?? [];
  const emails = (text.match(/[\w.+@-]+/g) ?? []).flatMap((run) => EMAIL.exec(run)?.[1] ?? []);
  const dates = text.match(/\b\d{4}-\d{2}-\d{2}\b/g) ?? [];
  const times = text.match(/\b\d{1,2}:\d{2}\b/g) ?? [];
  const rest = [...urls, ...emails, ...dates, ...times].reduce(
    (left, found) => left.replace(found, " "),
    text,
  );
  const numbers = rest.match(/(?<![\p{L}\d.])-?\d{1,12}(?:,\d{3})*(?:\.\d{1,9})?/gu) ?? [];
  const people = rest.match(NAMES)?.filter((name) => !NOT_NAMES.test(name)) ?? [];
  const places = [...rest.matchAll(PLACES)].flatMap(([, list]) => splitList(list!));
  if (people.length === 0 && places.length === 0) places.push(...findLowerCasePlaces(rest));
  const names = [...new Set([...people, ...places])];
  return {
    text,
    names,
    places: [...new Set(places)],
    people: names.filter((name) => !places.includes(name)),
    numbers: numbers.map((number) => Number(number.replaceAll(",", ""))),
    quotes: [...text.matchAll(/["“]([^"“”\n]+)["”]/g)].map(([, quote]) => quote!),
    dates,
    times,
    emails,
    urls,
  };
}

function splitList(list: string): string[] {
  return list.split(/, and |, | and | or | to /);
}

/** Finds places in lower case, such as "weather in oslo and new york". */
function findLowerCasePlaces(text: string): string[] {
  const runs = text.match(/[\p{Ll} ,]+/gu) ?? [];
  const found = runs
    .map((run) => run.split(/\bin (?!the |a )/)[1])
    .find((list) => /^\p{Ll}/u.test(list ?? ""));
  const list = found?.split(/ (?:in|at|on|for)\b/)[0]?.trimEnd() ?? "";
  const places = splitList(list.slice(0, MAX_PLACES_CHARS)).filter(Boolean);
  return places.map((place) => place.replace(/(?<= |^)\p{L}/gu, (letter) => letter.toUpperCase()));
}
