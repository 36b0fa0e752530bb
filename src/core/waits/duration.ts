const UNITS: readonly (readonly [RegExp, number])[] = [
  [/^(ms|msecs?|millis|milliseconds?)$/i, 1],
  [/^(s|secs?|seconds?)$/i, 1000],
  [/^(m|mins?|minutes?)$/i, 60_000],
  [/^(h|hrs?|hours?)$/i, 3_600_000],
  [/^(d|days?)$/i, 86_400_000],
];

/** One amount of a duration with its unit, and what may be between it and the amount before. */
const AMOUNT = /[\s,]*(?:and )?(\d+(?:\.\d+)?)\s*([a-z]+)/iy;

/** No real duration is longer. The rest of a text is not read. */
const MAX_DURATION_CHARS = 100;

/**
 * Parses the duration at the start of a text, such as "6m0s", "1m26.4s", "8ms", "20 seconds" or "1 minute and 5 seconds".
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

/** A time since 1970 is at least this, in milliseconds. */
const MIN_EPOCH_MS = 1e12;

/** How far a time is from now. A number that would be further away is a duration. */
const MAX_EPOCH_DISTANCE_MS = 366 * 86_400_000;

/**
 * Reads how long to wait from a number, which is a duration or a time since 1970.
 * @param unitMs what the number counts, in milliseconds, if it is a duration
 * @param now milliseconds since 1970
 */
export function readWait(number: number, unitMs: number, now: number): number {
  for (const time of [number, number * 1000]) {
    if (time >= MIN_EPOCH_MS && Math.abs(time - now) < MAX_EPOCH_DISTANCE_MS) return Math.max(0, time - now);
  }
  return number * unitMs;
}

/** Counts the milliseconds until a date in a text; 0 for a past date. */
export function countMsUntil(date: string, now: number): number | undefined {
  const value = date.slice(0, MAX_DURATION_CHARS);
  const time = Date.parse(value);
  return Number.isNaN(time) ? undefined : Math.max(0, time - now);
}

/** Parses a text that is a number. */
export function toFinite(text: string | undefined): number | undefined {
  if (text === undefined || text.trim() === "" || text.length > MAX_DURATION_CHARS) return undefined;
  const number = Number(text);
  return Number.isFinite(number) ? number : undefined;
}

/**
 * Parses how long to wait from a text: a number, a duration such as "12s" or "00:01:30", or a date.
 * @param unitMs what a bare number counts, in milliseconds
 */
export function parseWait(text: string, unitMs: number, now: number): number | undefined {
  const value = text.trim();
  const number = toFinite(value);
  if (number !== undefined) return readWait(number, unitMs, now);
  const clock = /^(\d{1,3}):(\d{2}):(\d{2}(?:\.\d{1,9})?)$/.exec(value);
  if (clock) return (Number(clock[1]) * 3600 + Number(clock[2]) * 60 + Number(clock[3])) * 1000;
  return (/^[\d.]+\s?[a-z]/i.test(value) ? parseDuration(value) : undefined) ?? countMsUntil(value, now);
}
