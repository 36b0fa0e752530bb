import { expressionIn } from "../arithmetic.js";
import { isFields } from "../json.js";
import { moodOf } from "../skills/rewriting.js";
import { capitalised, listItems, sentences, topicOf } from "../wording.js";
import type { Source } from "./fill-schema.js";
import { keywords, type Mentions } from "./mentions.js";

/** Where the values of a JSON answer or of a tool call come from. */
export interface Material {
  readonly mentions: Mentions;
  /** What the model would have said in plain text; fills "answer", "summary" and lists. */
  readonly answer: string;
  /** The text that free-text arguments take, e.g. a search query. */
  readonly request: string;
  readonly generous: boolean;
}

const NAMED = {
  place: /(?:city|town|place|location|destination|where|region|area|capital|venue|airport|station)/,
  origin: /^(?:from|origin|source|departure|start)(?:_|$)/,
  goal: /^(?:to|destination|target|arrival|end)(?:_|$)/,
  country: /country|nation/,
  person:
    /(?:name|person|author|customer|user|recipient|contact|character|hero|who|owner|attendee|participant|guest|people)/,
  email: /e_?mail/,
  url: /url|uri|link|website|href/,
  date: /date|day|deadline|birthday|due/,
  time: /time|hour|clock/,
  colour: /colou?r/,
  language: /language|lang$|locale/,
  currency: /currency/,
  expression: /expression|formula|equation|calculation|sum$/,
  query: /query|question|search|prompt|term|keyword|request|input/,
  reason: /reason|explanation|rationale|justification/,
  answer:
    /answer|text|content|message|body|response|story|poem|description|summary|note|comment|reply|output|result|value/,
  title: /title|headline|subject|topic|label/,
  mood: /sentiment|mood|tone/,
  identifier: /(?:^|_)(?:id|code|number|reference|sku)$/,
} as const;

const INVENTED: readonly [RegExp, string][] = [
  [NAMED.country, "France"],
  [NAMED.place, "Paris"],
  [NAMED.email, "ada@example.com"],
  [NAMED.url, "https://example.com/"],
  [NAMED.date, "2025-01-15"],
  [NAMED.time, "12:30"],
  [NAMED.colour, "blue"],
  [NAMED.language, "English"],
  [NAMED.currency, "EUR"],
  [NAMED.identifier, "A-1001"],
  [NAMED.person, "Ada"],
];

const CONFIDENCE = 0.9;
const REASON = "The demo model went by the words of the message.";

const COLOUR = /\b(?:red|orange|yellow|green|blue|indigo|violet|purple|pink|brown|white|gr[ea]y|black)\b/i;
const FALSE = /\b(?:off|not|no|don't|do not|never|without|disable[ds]?|false|stop|close[ds]?)\b/i;
const TRUE = /\b(?:on|yes|with|enable[ds]?|true|always|start|open|is|has|can)\b/i;

/** Draws values from the conversation, each mention once as far as they go, so that the second person gets the second name. */
export function sourceFrom({ mentions, answer, request, generous }: Material): Source {
  const { names, places, people, numbers, quotes, dates, times, emails, urls } = mentions;
  const drawn = new Map<readonly unknown[], number>();

  /** Numbers that stand beside their own name, and are for nothing else. */
  const claimed = new Set<number>();

  /** The next of `list`; when all are drawn, again from the first. `of` is what it is a part of. */
  function draw<T>(list: readonly T[], of: readonly T[] = list): T | undefined {
    const at = drawn.get(of) ?? 0;
    drawn.set(of, at + 1);
    return list.length > 0 ? list[at % list.length] : undefined;
  }

  function mentioned(key: string): string | undefined {
    if (NAMED.email.test(key)) return draw(emails);
    if (NAMED.url.test(key)) return draw(urls);
    if (NAMED.expression.test(key)) return expressionIn(mentions.text) ?? (generous ? undefined : request);
    if (emails.length > 0 && /^(?:to|recipient|cc)$/.test(key)) return draw(emails);
    if (NAMED.origin.test(key)) return placeAfter("from") ?? draw(places);
    if (NAMED.goal.test(key)) return placeAfter("to") ?? draw(places.length > 0 || generous ? places : names);
    if (NAMED.country.test(key)) return places.at(-1);
    if (NAMED.place.test(key)) return draw(places.length > 0 ? places : generous ? [] : names);
    if (NAMED.date.test(key))
      return (
        draw(dates) ??
        /\b(?:today|tomorrow|tonight|yesterday|(?:mon|tues|wednes|thurs|fri|satur|sun)day)\b/i.exec(
          mentions.text,
        )?.[0]
      );
    if (NAMED.time.test(key)) return draw(times);
    if (NAMED.colour.test(key)) return COLOUR.exec(mentions.text)?.[0].toLowerCase();
    if (NAMED.mood.test(key)) return moodOf(mentions.text);
    if (NAMED.identifier.test(key))
      return /(?<![\p{L}\d])(?:#\d+|[A-Z]{1,5}-?\d+|\d{2,})\b/u.exec(mentions.text)?.[0];
    if (NAMED.query.test(key)) return quotes[0] ?? (generous ? request : searchedIn(request));
    if (NAMED.reason.test(key) && generous) return REASON;
    if (NAMED.title.test(key)) return quotes[0] ?? (generous ? titleOf(request) : request);
    if (NAMED.person.test(key)) return draw(people.length > 0 ? people : NAMED.place.test(key) ? [] : names);
    if (NAMED.answer.test(key))
      return generous ? (/summary|title/.test(key) ? sentences(answer)[0] : answer) : (quotes[0] ?? request);
    return draw(quotes);
  }

  function placeAfter(word: string): string | undefined {
    return names.find((name) => mentions.text.includes(`${word} ${name}`));
  }

  return {
    generous,
    text(name, schema) {
      const key = snake(name);
      const byFormat = FORMATS[String(schema["format"])];
      if (byFormat) return byFormat(mentions);
      return mentioned(key);
    },
    invented(name, schema) {
      const key = snake(name);
      const format = FORMATS[String(schema["format"])];
      const plain = `some ${key.replaceAll("_", " ")}`.trim();
      return (
        format?.(EXAMPLE) ?? INVENTED.find(([pattern]) => pattern.test(key))?.[1] ?? (key ? plain : "text")
      );
    },
    number(name) {
      const key = snake(name);
      if (/year/.test(key)) return numbers.find((number) => number >= 1000 && number <= 2999);
      if (/confidence|probability|certainty/.test(key) && generous) return CONFIDENCE;
      if (/count|how_many|total|length/.test(key) && generous && numbers.length === 0) {
        return listItems(answer).length || undefined;
      }
      const beside = numberBeside(key, mentions.text);
      if (beside !== undefined) claimed.add(beside);
      return (
        beside ??
        draw(
          numbers.filter((number) => !claimed.has(number)),
          numbers,
        )
      );
    },
    truth(name) {
      if (generous && !keywords(snake(name)).some((word) => mentions.text.toLowerCase().includes(word)))
        return undefined;
      if (FALSE.test(mentions.text)) return false;
      return TRUE.test(mentions.text) ? true : undefined;
    },
    choice(name, values) {
      const lower = mentions.text.toLowerCase();
      const named = values.find(
        (one) =>
          typeof one === "string" &&
          one !== "" &&
          containsWord(lower, one.toLowerCase().replaceAll("_", " ")),
      );
      if (named !== undefined) return named;
      const mood = NAMED.mood.test(snake(name)) ? moodOf(mentions.text) : undefined;
      return (
        values.find((one) => one === mood && mood !== undefined) ??
        values.find((one) => typeof one === "number" && numbers.includes(one))
      );
    },
    list(name, items) {
      const key = snake(name);
      if (items["type"] === "number" || items["type"] === "integer") return numbers;
      if (NAMED.place.test(key) || /cities|countries/.test(key)) return places.length > 0 ? places : names;
      if (NAMED.person.test(key) && people.length > 0) return people;
      if (NAMED.email.test(key)) return emails;
      const items_ = generous ? listItems(answer) : [];
      if (items_.length > 0) return items_;
      if (names.length > 1) return names;
      if (quotes.length > 0) return quotes;
      if (!generous) return names;
      if (/tag|keyword|topic|categor/.test(key)) return keywords(request).slice(0, 3);
      const one = key.replaceAll("_", " ").replace(/s$/, "");
      return [1, 2, 3].map((number) => `${one} ${number}`);
    },
    count(name, items) {
      const keys = isFields(items["properties"]) ? Object.keys(items["properties"]).map(snake) : [];
      const counts = [
        keys.some((key) => NAMED.person.test(key)) ? people.length || names.length : 0,
        keys.some((key) => NAMED.place.test(key)) ? places.length : 0,
        generous
          ? Math.min(
              numbers.find((number) => number > 0 && number <= 20 && Number.isInteger(number)) ?? 0,
              20,
            )
          : 0,
      ];
      return counts.find((count) => count > 0) ?? (generous || name === "" ? 2 : 0);
    },
  };
}

type FormatRule = (mentions: Pick<Mentions, "dates" | "times" | "emails" | "urls">) => string | undefined;

const FORMATS: Readonly<Record<string, FormatRule>> = {
  date: ({ dates }) => dates[0],
  time: ({ times }) => times[0] && `${times[0].length < 6 ? `${times[0].padStart(5, "0")}:00` : times[0]}Z`,
  "date-time": ({ dates, times }) =>
    dates[0] && `${dates[0]}T${(times[0] ?? "12:00").padStart(5, "0").slice(0, 5)}:00Z`,
  email: ({ emails }) => emails[0],
  uri: ({ urls }) => urls[0],
  url: ({ urls }) => urls[0],
  uuid: () => "00000000-0000-4000-8000-000000000001",
};

const EXAMPLE = {
  dates: ["2025-01-15"],
  times: ["12:30"],
  emails: ["ada@example.com"],
  urls: ["https://example.com/"],
};

/** camelCase and kebab-case to snake_case, so that one set of patterns reads all three. */
export function snake(name: string): string {
  return name
    .replace(/([a-z\d])([A-Z])/g, "$1_$2")
    .replace(/[-\s]+/g, "_")
    .toLowerCase();
}

function containsWord(text: string, word: string): boolean {
  const at = text.indexOf(word);
  if (at < 0) return false;
  const letter = /[\p{L}\d]/u;
  return !letter.test(text[at - 1] ?? "") && !letter.test(text[at + word.length] ?? "");
}

/** "Search the web for cats" looks for cats. */
function searchedIn(request: string): string {
  const found = /\b(?:search|look|google|find|query|browse)\b.{0,60}?\b(?:for|about|on|up)\s+(.+)$/is.exec(
    request,
  )?.[1];
  return (found ?? request).replace(/[?.!\s]+$/, "");
}

/** The number in "6 sides" or "brightness of 40" for `sides` and `brightness`. */
function numberBeside(key: string, text: string): number | undefined {
  for (const word of keywords(key)) {
    const after = new RegExp(String.raw`(?<![\d.])(\d{1,12}(?:\.\d{1,9})?) ${word}`, "i").exec(text)?.[1];
    const before = new RegExp(
      String.raw`\b${word}\w{0,2}(?: of| is| to|:| =)? (\d{1,12}(?:\.\d{1,9})?)`,
      "i",
    ).exec(text)?.[1];
    const found = after ?? before;
    if (found !== undefined) return Number(found);
  }
  return undefined;
}

function titleOf(request: string): string {
  const plain = request.replace(/,?\s+(?:(?:and answer|as|in|with)\b[^.]*)?\bjson\b[\s\S]*$/i, "");
  const words = ((/\b(?:about|for)\s/i.test(plain) && topicOf(plain)) || plain)
    .replace(/[.!?]+$/, "")
    .split(/\s+/);
  return capitalised(words.slice(0, 8).join(" "));
}
