import { isObject } from "../core/json/parse.js";

/** Names of events that only show that the connection lives. */
const EVENT_NAME = /^(ping|pong|heart[-_ ]?beat|keep[-_ ]?alive|hb|no-?op|tick)$/i;

/** Types of records that only show that the connection lives, in a stream of any form. */
const RECORD_TYPE = /^(response\.)?keep_?alive$/;

/** Longest text that can be a keep-alive. */
const MAX_CHARS = 80;

/** A date, a clock time, or a time in seconds or milliseconds since 1970. */
const TIMES =
  /\d{4}[-/.]\d{1,2}[-/.]\d{1,2}(t(?=\d))?|\d{1,2}[-/.]\d{1,2}[-/.]\d{4}|\d{1,2}:\d{2}(:\d{2}([.,]\d{1,9})?)?( ?[+-]\d{2}:?\d{2})?|(?<![\d.])\d{10,16}(\.\d{1,9})?/g;

/** Words that stand in a keep-alive beside or in place of a time. */
const WORDS: ReadonlySet<string> = new Set(
  "ping pong keepalive keep alive heartbeat heart beat hb noop tick processing pending waiting wait connected openrouter queued queue in position still working loading running starting started idle ready".split(
    " ",
  ),
);

/** A text of nothing but such marks. */
const MARKS = /^[.:*~_#!?\s-]*$/;

/** Words that belong to a time. */
const CALENDAR =
  /^(mon|tue|wed|thu|fri|sat|sun|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*$|^(z|utc|gmt|am|pm)$/;

/**
 * Whether a record only shows that the connection lives: a time, a word such as `ping`, or a value that holds nothing.
 * Some services send such data in place of comments.
 * @param data the record's text
 * @param record the same as a value; undefined if it is not JSON
 */
export function isKeepAlive(data: string, record: unknown, event: string | undefined): boolean {
  if (!isObject(record)) {
    if (event !== undefined && EVENT_NAME.test(event)) return true;
    return record === undefined ? isKeepAliveText(data) : isKeepAliveValue(record);
  }
  if (record["choices"] || record["error"] || typeof record["type"] === "string") return false;
  if (event !== undefined && EVENT_NAME.test(event)) return true;
  return Object.values(record).every(isKeepAliveValue);
}

/** Whether a record with this type only shows that the connection lives. */
export function isKeepAliveType(type: unknown): boolean {
  return typeof type === "string" && RECORD_TYPE.test(type);
}

function isKeepAliveValue(value: unknown): boolean {
  if (!value || value === true) return true;
  if (typeof value === "object") return Object.keys(value).length === 0;
  return isKeepAliveText(String(value));
}

function isKeepAliveText(text: string): boolean {
  if (text.length > MAX_CHARS) return false;
  let hasTime = false;
  const words = text
    .toLowerCase()
    .replace(TIMES, () => {
      hasTime = true;
      return " ";
    })
    .split(/[^a-z\d]+/)
    .filter((word) => word !== "");
  if (words.length === 0 && MARKS.test(text)) return true;
  const isAlive = words.some((word) => WORDS.has(word));
  return (
    (isAlive || hasTime) &&
    words.every((word) => WORDS.has(word) || (hasTime && CALENDAR.test(word)) || /^\d{1,4}$/.test(word))
  );
}
