import { type Headers, readHeader } from "../headers.js";
import { countMsUntil, parseDuration, parseWait, readWait, toFinite } from "./duration.js";
import { findHintInBody } from "./hint-in-body.js";

/** Headers with a wait in milliseconds, and with one in seconds or a date. Gateways forward them with a prefix. */
const MS_HEADER = /(?:^|-)retry-after-ms$/;
const SECONDS_HEADER = /(?:^|-)(?:retry-after(?:-seconds|-s)?|rate-?limit-reset-after)$/;

/**
 * Reads how long a service asks to wait before the next request. The first hint counts: a header in milliseconds,
 * `Retry-After` (seconds or a date), a field of the body, words ("try again in 5.2s"), the reset of an empty rate-limit
 * bucket. Order and forms follow the OpenAI, Anthropic and Google SDKs.
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
  return (
    findHeader(headers, MS_HEADER, (value) => toFinite(value)) ??
    findHeader(headers, SECONDS_HEADER, (value) => parseRetryAfter(value, now)) ??
    findHintInBody(body, now) ??
    findHintInText(text, now) ??
    findBucketReset(headers, now)
  );
}

/** Reads `x-should-retry`. @returns undefined if it is neither true nor false */
export function readShouldRetry(headers: Headers): boolean | undefined {
  const value = readHeader(headers, "x-should-retry");
  return value === "true" ? true : value === "false" ? false : undefined;
}

/** Reads the first header that fits; a name without a prefix comes first. */
function findHeader(
  headers: Headers,
  name: RegExp,
  read: (value: string) => number | undefined,
): number | undefined {
  const names = Object.keys(headers).filter((key) => name.test(key));
  for (const key of names.sort((one, other) => one.length - other.length)) {
    const wait = read(readHeader(headers, key) ?? "");
    if (wait !== undefined) return wait;
  }
  return undefined;
}

/** Only a hint that is a number can be negative. */
function parseRetryAfter(value: string, now: number): number | undefined {
  const seconds = toFinite(value);
  if (seconds !== undefined) return readWait(seconds, 1000, now);
  return parseDuration(value) ?? countMsUntil(value, now);
}

/** Words before a duration or a date. */
const HINT =
  /\b(?:try(?: your request)? again|retry(?:ing)?(?: your request| the request| again| it)?|wait(?:ing)?(?: time| period)?|retry-after|resets?|available(?: again)?|allowed(?: again)?|possible(?: again)?|come back|cool(?:ing)? ?down(?: of)?|back(?:ing)? ?off(?: of)?|refills?|renews?)\b[\s:=]{0,3}(?:(?:in|after|for|at least|about|approximately|around|another|at|until|is|of|will be)\s){0,3}(?=\d)/gi;

function findHintInText(text: string, now: number): number | undefined {
  for (const { index, 0: words } of text.matchAll(HINT)) {
    const rest = text.slice(index + words.length);
    const date = /^\d{4}-\d{2}-\d{2}[T ][\d:.]{4,15}(?:Z|[+-]\d{2}:?\d{2})?/.exec(rest);
    const wait = date ? countMsUntil(date[0], now) : parseDuration(rest);
    if (wait !== undefined) return wait;
    // A header that a message quotes has a bare number of seconds.
    const seconds = /retry-after[\s:=]*$/i.test(words) ? /^\d{1,6}/.exec(rest) : undefined;
    if (seconds) return Number(seconds[0]) * 1000;
  }
  return undefined;
}

/** Finds the reset of an empty bucket. A bucket with something left did not cause the refusal. */
function findBucketReset(headers: Headers, now: number): number | undefined {
  const waits: number[] = [];
  for (const name in headers) {
    const value = readHeader(headers, name) ?? "";
    if (name === "ratelimit") waits.push(...readDraftBuckets(value));
    if (!/(?:^|-)rate-?limit-/.test(name) || !name.includes("remaining")) continue;
    const remaining = toFinite(value);
    if (remaining === undefined || remaining > 0) continue;
    const resetName = name.replace("remaining", "reset");
    const reset = readHeader(headers, resetName) ?? readHeader(headers, `${resetName}-after`);
    const wait = reset ? parseWait(reset, 1000, now) : undefined;
    if (wait !== undefined) waits.push(wait);
  }
  return waits.length > 0 ? Math.max(...waits) : undefined;
}

/** Longest header of the IETF draft that is read. */
const MAX_DRAFT_CHARS = 1_000;

/**
 * Reads the empty buckets of the header `RateLimit` (IETF draft "RateLimit header fields for HTTP"): `"day";r=0;t=30`, in
 * older versions `limit=9, remaining=0, reset=30`.
 * @returns milliseconds until each is filled again
 */
function readDraftBuckets(value: string): number[] {
  const text = value.slice(0, MAX_DRAFT_CHARS);
  const buckets = /\bremaining=/.test(text) ? [text] : text.split(",");
  return buckets.flatMap((bucket) => {
    const remaining = /(?:\br|remaining)=(\d{1,15})/.exec(bucket)?.[1];
    const reset = /(?:\bt|reset)=(\d{1,15})/.exec(bucket)?.[1];
    return remaining === undefined || Number(remaining) > 0 || reset === undefined
      ? []
      : [Number(reset) * 1000];
  });
}
