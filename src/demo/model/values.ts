import { type DemoFields, isFields } from "../json.js";
import { findExpression } from "../skills/arithmetic.js";
import { capitalise, findListItems, findTopic, trimEnd } from "../words.js";
import { findKeywords, toSnakeCase } from "./keywords.js";
import type { Mentions } from "./mentions.js";

/** A kind of value that a text can mention. */
interface Kind {
  /** Matches the names of its properties in snake case, and the formats of JSON Schema. */
  readonly name: RegExp;
  /** The invented value. */
  readonly example: string;
  find(mentions: Mentions): readonly string[];
}

const PLACE = /city|cities|town|place|location|country|origin|destination|timezone|^from$/;
const PERSON = /name|person|people|author|customer|user|guest|participant|attendee/;

/** The first kind that fits a property wins. */
const KINDS: readonly Kind[] = [
  { name: /e_?mail/, example: "ada@example.com", find: (all) => all.emails },
  { name: /uri|url|link|website/, example: "https://example.com/", find: (all) => all.urls },
  {
    name: /^(?:to|recipient)$/,
    example: "Ada",
    find: (all) => findFirstFilled(all.emails, all.places, all.names),
  },
  { name: PLACE, example: "Paris", find: (all) => findFirstFilled(all.places, all.names) },
  { name: /date|day|deadline/, example: "2025-01-15", find: (all) => all.dates },
  { name: /time|hour/, example: "12:30", find: (all) => all.times },
  { name: PERSON, example: "Ada", find: (all) => findFirstFilled(all.people, all.names) },
];

const NEGATIVE = /\b(?:off|not|no|don't|never|without|disabled?|false|stop|closed?)\b/i;
const POSITIVE = /\b(?:on|yes|with|enabled?|true|always|start|open|is|has|can)\b/i;
const MAX_OBJECTS = 20;
const MAX_TITLE_WORDS = 8;
/** How far behind the verb the words begin that are searched for. */
const MAX_BEFORE_TERM_CHARS = 70;

/**
 * The values for a JSON answer or for the arguments of a tool call. Each mention is taken once as far as they go, so
 * that a second person gets the second name. The finders return undefined if the conversation has no such value.
 */
export class PromptValues {
  private readonly known: string;
  private readonly positions = new Map<unknown, number>();
  /** Numbers that stand beside the name of a property, and are for no other. */
  private readonly claimed = new Set<number>();

  constructor(
    private readonly mentions: Mentions,
    /** Whether a missing value is invented. If not, optional properties without a value are left out. */
    readonly mayInvent: boolean,
    /** The answer in plain text. */
    private readonly answer = "",
  ) {
    this.known = `${mentions.text}\n${answer}`;
  }

  findText(name: string, schema: DemoFields): string | undefined {
    const kind = findKind(name, schema);
    const text = kind ? this.takeNext(kind.find(this.mentions), kind) : this.findFreeText(toSnakeCase(name));
    return text && toFormat(text, schema);
  }

  inventText(name: string, schema: DemoFields): string {
    const example = findKind(name, schema)?.example;
    return toFormat(example ?? `some ${toSnakeCase(name).replaceAll("_", " ")}`.trim(), schema);
  }

  findNumber(name: string): number | undefined {
    const { numbers } = this.mentions;
    const beside = findNumberBeside(name, this.known);
    if (beside !== undefined) this.claimed.add(beside);
    return (
      beside ??
      this.takeNext(
        numbers.filter((number) => !this.claimed.has(number)),
        numbers,
      )
    );
  }

  findBoolean(name: string): boolean | undefined {
    const isMentioned = findKeywords(name).some((word) => this.known.toLowerCase().includes(word));
    if (this.mayInvent && !isMentioned) return undefined;
    if (NEGATIVE.test(this.known)) return false;
    return POSITIVE.test(this.known) ? true : undefined;
  }

  /** Which of the allowed values is meant. */
  findChoice(allowed: readonly unknown[]): unknown {
    const { text, numbers } = this.mentions;
    const words = ` ${joinWords(text)} `;
    return allowed.find((one) => {
      if (typeof one === "number") return numbers.includes(one);
      return typeof one === "string" && /\p{L}/u.test(one) && words.includes(` ${joinWords(one)} `);
    });
  }

  /** The items of a list of texts or numbers. */
  findItems(name: string, items: DemoFields): readonly unknown[] {
    const { names, numbers, quotes } = this.mentions;
    if (items["type"] === "number" || items["type"] === "integer") return numbers;
    const mentioned = findKind(name, items)?.find(this.mentions) ?? [];
    const found = findFirstFilled(
      mentioned,
      findListItems(this.answer),
      names.length > 1 ? names : [],
      quotes,
    );
    if (found.length > 0 || !this.mayInvent) return found;
    const item = toSnakeCase(name).replaceAll("_", " ").replace(/s$/, "");
    return [1, 2, 3].map((number) => `${item} ${number}`);
  }

  /** How many objects a list gets. */
  countObjects(items: DemoFields): number {
    const names = isFields(items["properties"]) ? Object.keys(items["properties"]) : [];
    const mentioned = names.map((name) => findKind(name, {})?.find(this.mentions).length ?? 0);
    const isCount = (number: number): boolean =>
      Number.isInteger(number) && number > 0 && number <= MAX_OBJECTS;
    return Math.max(...mentioned, 0) || (this.mayInvent ? (this.mentions.numbers.find(isCount) ?? 2) : 0);
  }

  private findFreeText(key: string): string | undefined {
    const { quotes, text } = this.mentions;
    if (/expression|formula/.test(key)) return findExpression(text) ?? (this.mayInvent ? undefined : text);
    if (/query|search|question|prompt/.test(key)) return quotes[0] ?? findSearchTerm(text);
    if (/title|subject|topic/.test(key)) return quotes[0] ?? shortenToTitle(text);
    const isAnswer = /answer|text|content|message|summary|description|note/.test(key);
    return isAnswer ? this.answer || quotes[0] || text : this.takeNext(quotes, quotes);
  }

  /** The next item of the owner's list; after the last one the first again. */
  private takeNext<T>(list: readonly T[], owner: unknown): T | undefined {
    const position = this.positions.get(owner) ?? 0;
    this.positions.set(owner, position + 1);
    return list[position % list.length];
  }
}

function findFirstFilled(...lists: (readonly string[])[]): readonly string[] {
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
function findSearchTerm(text: string): string {
  const verb = /\b(?:search|look|find)\b/i.exec(text)?.index ?? text.length;
  const start = text.slice(verb, verb + MAX_BEFORE_TERM_CHARS);
  const word = /\b(?:for|about|up)\s/i.exec(start);
  const term = word ? text.slice(verb + word.index + word[0].length).trimStart() : "";
  return trimEnd(term || text, "?.! \t\n");
}

function shortenToTitle(text: string): string {
  const words = (findTopic(text) ?? trimEnd(text, ".!?")).split(/\s+/);
  return capitalise(words.slice(0, MAX_TITLE_WORDS).join(" "));
}
