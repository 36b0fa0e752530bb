import { isObject } from "../json/parse.js";
import { toFieldName } from "../vendor-word.js";
import { parseWait, readWait } from "./duration.js";

/** Names of fields with a time to wait, in the form of `toFieldName()`. */
const WAIT_NAME =
  /^(?:retry(?:after|in|delay)|retryinfo|wait(?:time|for)?|backoff|cooldown|estimatedtime|quotaresetdelay|resets?(?:in|at|after|time)?|availablein|availableat|tryagainin|xratelimitreset\w{0,20}|ratelimitreset\w{0,20}|nextavailableat|nextretry(?:in|at)?|(?:backoff|cooldown)(?:time|period)|(?:time)?(?:until|till|before)(?:reset|retry|refill|next\w{0,20}))(ms|millis|milliseconds|msec|s|sec|secs|seconds|minutes|mins)?$/;

/** A unit before the rest of such a name. */
const UNIT_FIRST = /^(ms|millis|milliseconds|secs|seconds|minutes|mins)(?=until|till|before|to)/;

/** Fields whose objects and lists may hold the hint, in the form of `toFieldName()`. */
const PLACE_NAME =
  /^(?:errors?|details?|metadata|headers|extensions|data|parameters|params|info|retry|retryinfo|ratelimits?|limits?|innererror|context|quota|usage)$/;

/** How deep the places may nest. */
const MAX_DEPTH = 4;

/** How many fields are read in all. */
const MAX_FIELDS = 300;

/** A hint for a caller that has no headers: the time to wait, in milliseconds, and whether the field is a reset. */
interface Hint {
  waitMs: number;
  isReset: boolean;
}

/**
 * Finds how long to wait in the fields of an error's body: Google's `retryDelay`, `retry_after`, `retry_after_ms` …, also in
 * headers that a gateway quotes.
 * @param now milliseconds since 1970
 */
export function findHintInBody(body: unknown, now: number): number | undefined {
  const budget = { fields: MAX_FIELDS };
  const hints: Hint[] = [];
  collectHints(body, now, MAX_DEPTH, budget, hints);
  return (hints.find(({ isReset }) => !isReset) ?? hints[0])?.waitMs;
}

function collectHints(
  value: unknown,
  now: number,
  depth: number,
  budget: { fields: number },
  hints: Hint[],
): void {
  if (depth < 0) return;
  if (Array.isArray(value)) {
    for (const entry of value.slice(0, MAX_FIELDS)) collectHints(entry, now, depth - 1, budget, hints);
    return;
  }
  if (!isObject(value)) return;
  for (const key in value) {
    if (budget.fields-- <= 0) return;
    const name = toFieldName(key);
    // `seconds_until_reset` has its unit first.
    const first = UNIT_FIRST.exec(name)?.[1];
    const match = WAIT_NAME.exec(first ? name.slice(first.length) : name);
    const waitMs = match ? readHint(value[key], readUnit(first ?? match[1]), now) : undefined;
    if (waitMs !== undefined) hints.push({ waitMs, isReset: /^x?(?:ratelimit)?reset/.test(name) });
    else if (PLACE_NAME.test(name)) collectHints(value[key], now, depth - 1, budget, hints);
  }
}

function readUnit(unit: string | undefined): number {
  if (unit === undefined) return 1000;
  if (unit.startsWith("mi") && !unit.startsWith("mill")) return 60_000;
  return unit.startsWith("m") ? 1 : 1000;
}

function readHint(value: unknown, unitMs: number, now: number): number | undefined {
  if (typeof value === "number") return Number.isFinite(value) ? readWait(value, unitMs, now) : undefined;
  if (typeof value === "string") return parseWait(value, unitMs, now);
  // Google's form of a duration without JSON's short form.
  if (!isObject(value) || !["string", "number"].includes(typeof value["seconds"])) return undefined;
  const seconds = Number(value["seconds"]) + Number(value["nanos"] ?? 0) / 1e9;
  return Number.isFinite(seconds) ? seconds * 1000 : undefined;
}
