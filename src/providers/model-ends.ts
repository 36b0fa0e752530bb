import { isObject } from "../core/json/parse.js";

/** When OpenAI's models end, as its reference announces it. A name with a date of its own ends with the model. */
const OPENAI_ENDS: readonly (readonly [date: string, names: string])[] = [
  ["2024-09-13", "gpt-3.5-turbo-16k gpt-3.5-turbo-0301 gpt-3.5-turbo-0613 gpt-3.5-turbo-16k-0613"],
  ["2024-12-06", "gpt-4-vision-preview"],
  ["2025-06-06", "gpt-4-32k gpt-4-32k-0314 gpt-4-32k-0613"],
  ["2025-07-28", "o1-preview o1-preview-2024-09-12"],
  ["2025-10-27", "o1-mini o1-mini-2024-09-12"],
  ["2026-02-12", "codex-mini-latest"],
  ["2026-02-17", "chatgpt-4o-latest"],
  ["2026-03-26", "gpt-4-0125-preview gpt-4-turbo-preview gpt-4-0314"],
  ["2026-05-07", "gpt-4o-audio-preview gpt-4o-mini-audio-preview"],
  ["2026-07-23", "gpt-5.1-codex gpt-5.1-chat-latest gpt-5-chat-latest"],
  ["2026-07-23", "gpt-4o-search-preview gpt-4o-mini-search-preview"],
  ["2026-08-10", "gpt-5.3-chat-latest gpt-5.2-chat-latest"],
  ["2026-09-28", "gpt-3.5-turbo-1106"],
  ["2026-10-23", "gpt-4.1-nano o4-mini o3-mini o1 gpt-4o-2024-05-13 gpt-4-turbo gpt-4-1106-preview gpt-4"],
  ["2026-10-23", "gpt-4-0613 gpt-3.5-turbo gpt-3.5-turbo-0125"],
  ["2026-12-11", "gpt-5 gpt-5-mini gpt-5-nano o3"],
  ["2027-01-06", "tts-1 tts-1-hd gpt-4o-mini-tts"],
  ["2027-01-14", "gpt-4.1 gpt-4.1-mini gpt-4o gpt-4o-mini"],
  ["2027-01-20", "gpt-audio-mini"],
  ["2027-04-01", "gpt-5.4-nano gpt-5.1"],
];

const DATES: ReadonlyMap<string, string> = new Map(
  OPENAI_ENDS.flatMap(([date, names]) => names.split(" ").map((name) => [name, date] as const)),
);

/** The date at the end of a model's name. */
const VERSION_DATE = /-\d{4}-\d{2}-\d{2}$/;

/**
 * Finds when a model of a service ends, or has ended.
 * @returns a date such as `2027-01-14`; undefined if no end is known
 */
export function findModelEnd(providerId: string, model: string): string | undefined {
  if (providerId !== "openai") return undefined;
  return DATES.get(model) ?? DATES.get(model.replace(VERSION_DATE, ""));
}

/** Reads when models end from a model list (`shutdown_date`), by name. */
export function readModelEnds(body: unknown): Record<string, string> {
  const list = isObject(body) && Array.isArray(body["data"]) ? body["data"] : [];
  return Object.fromEntries(
    list.filter(isObject).flatMap(({ id, shutdown_date: date }) => {
      const day = toDay(date);
      return typeof id === "string" && day !== undefined ? [[id, day]] : [];
    }),
  );
}

function toDay(date: unknown): string | undefined {
  return typeof date === "string" ? /^\d{4}-\d{2}-\d{2}/.exec(date)?.[0] : undefined;
}
