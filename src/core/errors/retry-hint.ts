import { isObject } from "../json/parse.js";

/** Response headers; the names are in lower case. */
export type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/** Reads a header: the first value if there are several. */
export function readHeader(headers: Headers, name: string): string | undefined {
  const value = headers[name];
  return typeof value === "string" ? value : value?.[0];
}

/** From this value on, a number is milliseconds since 1970, not a duration. */
const MIN_EPOCH_MS = 1e12;
/** From this value on, a number is seconds since 1970, not a duration. */
const MIN_EPOCH_SECONDS = 1e9;

/**
 * Reads how long a service asks to wait before the next request. The first hint counts: `retry-after-ms`,
 * `Retry-After` (seconds or a date), a hint in the body (Google's RetryInfo), words ("try again in 5.2s"), the reset
 * of an empty rate-limit bucket. Order and forms follow the OpenAI, Anthropic and Google SDKs.
 * @param text the error's message
 * @param now wall-clock milliseconds, for hints that are dates
 * @returns milliseconds; undefined without a hint
 */
export function readRetryHint(
  headers: Headers,
  body: unknown,
  text: string,
  now: number,
): number | undefined {
  const inMs = parseNumber(readHeader(headers, "retry-after-ms"));
  if (inMs !== undefined) return inMs;
  return (
    parseRetryAfter(readHeader(headers, "retry-after"), now) ??
    findHintInBody(body) ??
    findHintInText(text) ??
    findBucketReset(headers, now)
  );
}

/** Reads `x-should-retry`. @returns undefined if it is neither true nor false */
export function readShouldRetry(headers: Headers): boolean | undefined {
  const value = readHeader(headers, "x-should-retry");
  return value === "true" ? true : value === "false" ? false : undefined;
}

function parseNumber(value: string | undefined): number | undefined {
  if (value === undefined || value.trim() === "") return undefined;
  const number = Number(value);
  return Number.isFinite(number) ? number : undefined;
}

function parseRetryAfter(value: string | undefined, now: number): number | undefined {
  if (!value) return undefined;
  const seconds = parseNumber(value);
  if (seconds !== undefined) return seconds * 1000;
  return countMsUntil(Date.parse(value), now);
}

/** Counts the milliseconds until a date; 0 for a past date. Only a hint that is a number can be negative. */
function countMsUntil(date: number, now: number): number | undefined {
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

function findHintInBody(body: unknown): number | undefined {
  const error = isObject(body)
    ? body["error"]
    : Array.isArray(body) && isObject(body[0])
      ? body[0]["error"]
      : undefined;
  const details = isObject(error) ? error["details"] : undefined;
  if (!Array.isArray(details)) return undefined;
  for (const detail of details) {
    if (!isObject(detail)) continue;
    const metadata = isObject(detail["metadata"]) ? detail["metadata"]["quotaResetDelay"] : undefined;
    const delay = detail["retryDelay"] ?? metadata;
    const duration = typeof delay === "string" ? parseDuration(delay) : undefined;
    if (duration !== undefined) return duration;
  }
  return undefined;
}

/** Words before a duration. */
const HINT = /(?:try again|retry)(?: again)? (?:in|after) (?=\d)/i;

function findHintInText(text: string): number | undefined {
  const match = HINT.exec(text);
  return match ? parseDuration(text.slice(match.index + match[0].length)) : undefined;
}

const UNITS: readonly (readonly [RegExp, number])[] = [
  [/^(ms|msecs?|milliseconds?)$/i, 1],
  [/^(s|secs?|seconds?)$/i, 1000],
  [/^(m|mins?|minutes?)$/i, 60_000],
  [/^(h|hrs?|hours?)$/i, 3_600_000],
];

/** One amount of a duration with its unit. */
const AMOUNT = /\s*(\d+(?:\.\d+)?)\s*([a-z]+)/iy;

/** No real duration is longer. The rest of a text is not read. */
const MAX_DURATION_CHARS = 100;

/**
 * Parses the duration at the start of a text, such as "6m0s", "1m26.4s", "8ms" or "20 seconds".
 * @returns milliseconds, or undefined
 */
export function parseDuration(text: string): number | undefined {
  const start = text.slice(0, MAX_DURATION_CHARS);
  let sum: number | undefined;
  AMOUNT.lastIndex = 0;
  for (let match = AMOUNT.exec(start); match; match = AMOUNT.exec(start)) {
    const [, amount, unit] = match;
    const factor = UNITS.find(([pattern]) => pattern.test(unit!))?.[1];
    if (factor === undefined) break;
    sum = (sum ?? 0) + Number(amount) * factor;
  }
  return sum;
}

/** Finds the reset of an empty bucket. A bucket with something left did not cause the refusal. */
function findBucketReset(headers: Headers, now: number): number | undefined {
  const waits: number[] = [];
  for (const name in headers) {
    const bucket = /^(x-ratelimit-|anthropic-ratelimit-)(.*)$/.exec(name);
    if (!bucket || !name.includes("remaining")) continue;
    const remaining = parseNumber(readHeader(headers, name));
    if (remaining === undefined || remaining > 0) continue;
    const wait = parseReset(readHeader(headers, name.replace("remaining", "reset")), now);
    if (wait !== undefined) waits.push(wait);
  }
  return waits.length > 0 ? Math.max(...waits) : undefined;
}

/** Parses a reset: a duration, seconds, seconds or milliseconds since 1970 (Venice, OpenRouter), or a date. */
function parseReset(value: string | undefined, now: number): number | undefined {
  if (!value) return undefined;
  const number = parseNumber(value);
  if (number !== undefined) {
    if (number >= MIN_EPOCH_MS) return countMsUntil(number, now);
    return number >= MIN_EPOCH_SECONDS ? countMsUntil(number * 1000, now) : number * 1000;
  }
  const duration = /^[\d.]+[a-z]/i.test(value) ? parseDuration(value) : undefined;
  if (duration !== undefined) return duration;
  return countMsUntil(Date.parse(value), now);
}
