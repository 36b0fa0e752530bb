import type { Span } from "../../core/budget/ledger.js";

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

/** How long a budget holds: to the end of the hour, day or month on this machine's clock, or for a number of seconds. */
export type BudgetWindow = "hour" | "day" | "month" | number;

/**
 * Finds the span that a moment falls in. Days and months are those of the time zone of the process (the environment variable
 * TZ), so a day may have 23 or 25 hours. Spans of seconds are counted from 1970.
 * @param now wall-clock milliseconds since 1970
 */
export function findSpan(window: BudgetWindow, now: number): Span {
  if (typeof window === "number") {
    const length = window * 1000;
    const start = Math.floor(now / length) * length;
    return { start, end: start + length };
  }
  if (window === "hour") {
    // Not by setting the minutes: in the night that puts the clock back, an hour comes twice, and that finds the first one.
    const offset = new Date(now).getTimezoneOffset() * MINUTE_MS;
    const start = Math.floor((now - offset) / HOUR_MS) * HOUR_MS + offset;
    return { start, end: start + HOUR_MS };
  }
  const date = new Date(now);
  const [year, month, day] = [date.getFullYear(), date.getMonth(), date.getDate()];
  return window === "day"
    ? { start: new Date(year, month, day).getTime(), end: new Date(year, month, day + 1).getTime() }
    : { start: new Date(year, month).getTime(), end: new Date(year, month + 1).getTime() };
}
