import { type DemoFields, isFields } from "../json.js";
import { findExpression } from "../skills/arithmetic.js";
import { capitalise, findListItems, findTopic } from "../words.js";
import type { SchemaValues } from "./fill-schema.js";
import { findKeywords, toSnakeCase } from "./keywords.js";
import type { Mentions } from "./mentions.js";

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
  /** Matches the names of its properties in snake case, and the formats of JSON Schema. */
  readonly name: RegExp;
  /** The invented value. */
  readonly example: string;
  find(mentions: Mentions): readonly string[];
}

/** The first kind that fits a property wins. */
const KINDS: readonly Kind[] = [
  { name: /e_?mail/, example: "ada@example.com", find: ({ emails }) => emails },
  { name: /uri|url|link|website/, example: "https://example.com/", find: ({ urls }) => urls },
  {
    name: /^(?:to|recipient)$/,
    example: "ada@example.com",
    find: ({ emails, places, names }) => firstFilled(emails, places, names),
  },
  {
    name: /city|cities|town|place|location|country|origin|destination|timezone|^from$/,
    example: "Paris",
    find: ({ places, names }) => firstFilled(places, names),
  },
  { name: /date|day|deadline/, example: "2025-01-15", find: ({ dates }) => dates },
  { name: /time|hour/, example: "12:30", find: ({ times }) => times },
  {
    name: /name|person|people|author|customer|user|guest|participant|attendee/,
    example: "Ada",
    find: ({ people, names }) => firstFilled(people, names),
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

  /** The next item of the owner's list; after the last one the first again. */
  function takeNext<T>(list: readonly T[], owner: unknown): T | undefined {
    const position = positions.get(owner) ?? 0;
    positions.set(owner, position + 1);
    return list[position % list.length];
  }

  function findFreeText(key: string): string | undefined {
    if (/expression|formula/.test(key)) return findExpression(text) ?? (mayInvent ? undefined : request);
    if (/query|search|question|prompt/.test(key)) return quotes[0] ?? findSearchTerm(request);
    if (/title|subject|topic/.test(key)) return quotes[0] ?? shortenToTitle(request);
    if (/answer|text|content|message|summary|description|note/.test(key))
      return answer || quotes[0] || request;
    return takeNext(quotes, quotes);
  }

  return {
    mayInvent,
    findText(name, schema) {
      const kind = findKind(name, schema);
      const text = kind ? takeNext(kind.find(mentions), kind) : findFreeText(toSnakeCase(name));
      return text && toFormat(text, schema);
    },
    inventText(name, schema) {
      const example = findKind(name, schema)?.example;
      return toFormat(example ?? `some ${toSnakeCase(name).replaceAll("_", " ")}`.trim(), schema);
    },
    findNumber(name) {
      const beside = findNumberBeside(name, known);
      if (beside === undefined)
        return takeNext(
          numbers.filter((number) => !claimed.has(number)),
          numbers,
        );
      claimed.add(beside);
      return beside;
    },
    findBoolean(name) {
      const isMentioned = findKeywords(name).some((word) => known.toLowerCase().includes(word));
      if (mayInvent && !isMentioned) return undefined;
      if (NEGATIVE.test(known)) return false;
      return POSITIVE.test(known) ? true : undefined;
    },
    findChoice(allowed) {
      const words = ` ${joinWords(text)} `;
      return allowed.find((one) => {
        if (typeof one === "number") return numbers.includes(one);
        return typeof one === "string" && /\p{L}/u.test(one) && words.includes(` ${joinWords(one)} `);
      });
    },
    findItems(name, items) {
      if (items["type"] === "number" || items["type"] === "integer") return numbers;
      const mentioned = findKind(name, items)?.find(mentions) ?? [];
      const names = mentions.names.length > 1 ? mentions.names : [];
      const found = firstFilled(mentioned, findListItems(answer), names, quotes);
      if (found.length > 0 || !mayInvent) return found;
      const item = toSnakeCase(name).replaceAll("_", " ").replace(/s$/, "");
      return [1, 2, 3].map((number) => `${item} ${number}`);
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

function firstFilled(...lists: (readonly string[])[]): readonly string[] {
  return lists.find((list) => list.length > 0) ?? [];
}

function findKind(name: string, { format = "" }: DemoFields): Kind | undefined {
  const key = `${toSnakeCase(name)} ${String(format)}`.trim();
  return KINDS.find((kind) => kind.name.test(key));
}

/** Times have seconds and a zone in JSON Schema. */
function toFormat(text: string, { format }: DemoFields): string {
  if (format === "time") return `${text.padStart(5, "0")}:00Z`;
  if (format === "date-time") return `${text}T12:30:00Z`;
  return format === "uuid" ? "00000000-0000-4000-8000-000000000001" : text;
}

/** The words of a text in lower case, with one blank between them. */
function joinWords(text: string): string {
  return (text.toLowerCase().match(/[\p{L}\d]+/gu) ?? []).join(" ");
}

/** The number in "6 sides" or "brightness of 40" for `sides` and `brightness`. */
function findNumberBeside(name: string, text: string): number | undefined {
  const number = String.raw`(?<![\d.])(\d{1,12}(?:\.\d{1,9})?)`;
  const found = findKeywords(name)
    .flatMap((word) => [`${number} ${word}`, String.raw`\b${word}\w{0,2}(?: of| is| to|:| =)? ${number}`])
    .map((pattern) => new RegExp(pattern, "i").exec(text)?.[1])
    .find((match) => match !== undefined);
  return found === undefined ? undefined : Number(found);
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
