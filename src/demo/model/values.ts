import { type DemoFields, isFields } from "../json.js";
import { findExpression } from "../skills/arithmetic.js";
import { capitalise, findListItems, findTopic } from "../words.js";
import type { SchemaValues } from "./fill-schema.js";
import { findKeywords, type Mentions } from "./mentions.js";

/** Where the values of a JSON answer or of a tool call come from. */
export interface ValueSource {
  readonly mentions: Mentions;
  /** The question, for free text such as a search query. */
  readonly request: string;
  /** The answer in plain text; `""` for a tool call. */
  readonly answer: string;
  readonly mayInvent: boolean;
}

/** A kind of value that a text can mention. */
interface Kind {
  /** Matches the names of its properties, in snake case. */
  readonly name: RegExp;
  /** Formats of JSON Schema. */
  readonly formats: readonly string[];
  find(mentions: Mentions): readonly string[];
  /** The invented value. */
  readonly example: string;
}

/** The first kind that fits a property wins. */
const KINDS: readonly Kind[] = [
  { name: /e_?mail/, formats: ["email"], find: ({ emails }) => emails, example: "ada@example.com" },
  {
    name: /url|uri|link|website/,
    formats: ["uri"],
    find: ({ urls }) => urls,
    example: "https://example.com/",
  },
  {
    name: /^(?:to|recipient)$/,
    formats: [],
    find: ({ emails, places, names }) => [emails, places, names].find((list) => list.length > 0) ?? [],
    example: "ada@example.com",
  },
  {
    name: /city|cities|town|place|location|country|origin|destination|timezone|^from$/,
    formats: [],
    find: ({ places, names }) => (places.length > 0 ? places : names),
    example: "Paris",
  },
  {
    name: /date|day|deadline/,
    formats: ["date", "date-time"],
    find: ({ dates }) => dates,
    example: "2025-01-15",
  },
  { name: /time|hour/, formats: ["time"], find: ({ times }) => times, example: "12:30" },
  {
    name: /name|person|people|who|author|customer|user|guest|participant|attendee/,
    formats: [],
    find: ({ people, names }) => (people.length > 0 ? people : names),
    example: "Ada",
  },
];

const NEGATIVE = /\b(?:off|not|no|don't|never|without|disabled?|false|stop|closed?)\b/i;
const POSITIVE = /\b(?:on|yes|with|enabled?|true|always|start|open|is|has|can)\b/i;
const MAX_OBJECTS = 20;
const MAX_TITLE_WORDS = 8;

/** Takes each mention once as far as they go, so that a second person gets the second name. */
export function createValues({ mentions, request, answer, mayInvent }: ValueSource): SchemaValues {
  const { numbers, quotes, text } = mentions;
  const known = `${text}\n${answer}`;
  const positions = new Map<unknown, number>();
  /** Numbers that stand beside the name of a property, and are for no other. */
  const claimed = new Set<number>();

  /** The next item of a list; after the last one the first again. */
  function takeNext<T>(list: readonly T[], owner: unknown): T | undefined {
    const position = positions.get(owner) ?? 0;
    positions.set(owner, position + 1);
    return list[position % list.length];
  }

  function findFreeText(key: string): string | undefined {
    if (/expression|formula/.test(key)) return findExpression(text) ?? (mayInvent ? undefined : request);
    if (/query|search|question|prompt/.test(key)) return quotes[0] ?? findSearchTerm(request);
    if (/title|subject|topic/.test(key)) return quotes[0] ?? shortenToTitle(request);
    if (/answer|text|content|message|body|response|summary|description|result|note/.test(key)) {
      return answer || quotes[0] || request;
    }
    return takeNext(quotes, quotes);
  }

  return {
    mayInvent,
    findText(name, schema) {
      const kind = findKind(name, schema);
      if (!kind) return findFreeText(toSnakeCase(name));
      const found = takeNext(kind.find(mentions), kind);
      return found === undefined ? undefined : toFormat(found, schema);
    },
    inventText(name, schema) {
      const example =
        findKind(name, schema)?.example ?? `some ${toSnakeCase(name).replaceAll("_", " ")}`.trim();
      return toFormat(example, schema);
    },
    findNumber(name) {
      const beside = findNumberBeside(name, known);
      if (beside !== undefined) claimed.add(beside);
      const free = numbers.filter((number) => !claimed.has(number));
      return beside ?? takeNext(free, numbers);
    },
    findBoolean(name) {
      const isMentioned = findKeywords(toSnakeCase(name)).some((word) => known.toLowerCase().includes(word));
      if (mayInvent && !isMentioned) return undefined;
      if (NEGATIVE.test(known)) return false;
      return POSITIVE.test(known) ? true : undefined;
    },
    findChoice(allowed) {
      const words = ` ${findWords(text)} `;
      return allowed.find((one) =>
        typeof one === "string"
          ? one !== "" && words.includes(` ${findWords(one)} `)
          : numbers.includes(Number(one)),
      );
    },
    findItems(name, items) {
      if (items["type"] === "number" || items["type"] === "integer") return numbers;
      const options = [
        findKind(name, items)?.find(mentions) ?? [],
        findListItems(answer),
        mentions.names.slice(mentions.names.length > 1 ? 0 : 1),
        quotes,
      ];
      const found = options.find((list) => list.length > 0) ?? [];
      if (found.length > 0 || !mayInvent) return found;
      const item = toSnakeCase(name).replaceAll("_", " ").replace(/s$/, "");
      return [`${item} 1`, `${item} 2`, `${item} 3`];
    },
    countObjects(items) {
      const names = isFields(items["properties"]) ? Object.keys(items["properties"]) : [];
      const mentioned = names.map((name) => findKind(name, {})?.find(mentions).length ?? 0);
      const wanted = numbers.find(
        (number) => Number.isInteger(number) && number > 0 && number <= MAX_OBJECTS,
      );
      return Math.max(...mentioned, 0) || (mayInvent ? (wanted ?? 2) : 0);
    },
  };
}

function findKind(name: string, schema: DemoFields): Kind | undefined {
  const format = String(schema["format"]);
  return (
    KINDS.find(({ formats }) => formats.includes(format)) ??
    KINDS.find((kind) => kind.name.test(toSnakeCase(name)))
  );
}

/** Times have seconds and a zone in JSON Schema. */
function toFormat(value: string, { format }: DemoFields): string {
  if (format === "time") return `${value.padStart(5, "0")}:00Z`;
  if (format === "date-time") return `${value}T12:30:00Z`;
  return format === "uuid" ? "00000000-0000-4000-8000-000000000001" : value;
}

/** Turns camelCase and kebab-case into snake_case, so that one set of patterns reads all three. */
export function toSnakeCase(name: string): string {
  return name
    .replace(/([a-z\d])([A-Z])/g, "$1_$2")
    .replace(/[-\s]+/g, "_")
    .toLowerCase();
}

/** The words of a text in lower case, with one blank between them. */
function findWords(text: string): string {
  return (text.toLowerCase().match(/[\p{L}\d]+/gu) ?? []).join(" ");
}

/** The number in "6 sides" or "brightness of 40" for `sides` and `brightness`. */
function findNumberBeside(name: string, text: string): number | undefined {
  const number = String.raw`(\d{1,12}(?:\.\d{1,9})?)`;
  for (const word of findKeywords(toSnakeCase(name))) {
    const before = new RegExp(String.raw`(?<![\d.])${number} ${word}`, "i").exec(text);
    const after = new RegExp(String.raw`\b${word}\w{0,2}(?: of| is| to|:| =)? ${number}`, "i").exec(text);
    const found = before?.[1] ?? after?.[1];
    if (found !== undefined) return Number(found);
  }
  return undefined;
}

/** "Search the web for cats" looks for cats. */
function findSearchTerm(request: string): string {
  const term = /\b(?:search|look|find)\b.{0,60}?\b(?:for|about|up)\s+(.+)$/is.exec(request)?.[1] ?? request;
  return term.replace(/[?.!\s]+$/, "");
}

function shortenToTitle(request: string): string {
  const words = (findTopic(request) ?? request.replace(/[.!?]+$/, "")).split(/\s+/);
  return capitalise(words.slice(0, MAX_TITLE_WORDS).join(" "));
}
