import { tryParseLooseJson } from "../json/loose.js";
import { isObject, stringifyWithinDepth } from "../json/parse.js";
import type { ErrorClues } from "./classify.js";
import { toErrorStatus } from "./code-words.js";
import { findErrorField, findMessage, listCodes } from "./error-fields.js";
import { findError } from "./find-error.js";

type Fields = Readonly<Record<string, unknown>>;

/** How much of a foreign text goes into an error message. */
const MAX_EXCERPT_CHARS = 300;

/** The code of another error that is quoted inside of words. */
const QUOTED_CODE = /["']code["']: ?["']([\w.-]{1,60})["']/;

/** How often an error may hold another as JSON in its words. */
const MAX_QUOTED = 2;

/**
 * Reads an error body of any form: OpenAI's `{error: {message, type, code}}`, a bare text, a list, flat fields, an envelope
 * with a status; with words and codes under any of the usual names.
 * @param isError whether the value is known to be an error, whatever its form; default false
 * @returns undefined if the value is not an error
 */
export function readErrorClues(body: unknown, isError = false): ErrorClues | undefined {
  const found = findError(body);
  if (found) return readClues(found.error, found.parent);
  if (!isError) return undefined;
  return isObject(body) ? readClues(body, body) : { message: describeValue(body) };
}

function readClues(error: unknown, parent: Fields, depth: number = MAX_QUOTED): ErrorClues {
  const first = Array.isArray(error) ? error[0] : error;
  const inner = typeof first === "string" && depth > 0 ? readQuoted(first, depth) : undefined;
  const codes = isObject(first)
    ? [
        ...listCodes(first),
        readInnerCode(first),
        first["__type"],
        ...listReasons(first["details"]),
        parent === first ? undefined : parent["code"],
      ]
    : listCodes(parent);
  const clues: ErrorClues = {};
  const status = [...codes.map(toErrorStatus), inner?.status].find((number) => number !== undefined);
  if (status !== undefined) clues.status = status;
  const words = codes.filter((code) => typeof code === "string" && toErrorStatus(code) === undefined);
  if (inner?.word) words.push(inner.word);
  if (isObject(first) && hasDailyQuota(first["details"])) words.unshift("quota_per_day");
  if (words.length > 0) clues.word = words.join(" ");
  const message = isObject(first)
    ? readMessage(first, clues, depth)
    : (inner?.message ?? readPhrase(error, parent));
  clues.message = message + readAdvice(isObject(first) ? first : parent, parent);
  return clues;
}

/** Reads an error that is JSON in a text, as gateways quote the one that they got. */
function readQuoted(text: string, depth: number): ErrorClues | undefined {
  const start = text.slice(0, 20).trimStart();
  if (!start.startsWith("{") && !start.startsWith("[")) return undefined;
  const value = tryParseLooseJson(text);
  const found = findError(value);
  if (found) return readClues(found.error, found.parent, depth - 1);
  return isObject(value) && typeof findMessage(value) === "string"
    ? readClues(value, value, depth - 1)
    : undefined;
}

/** Reads an error that is a phrase, or just true. Frameworks have the details beside it. */
function readPhrase(error: unknown, parent: Fields): string {
  const phrase = error === true && findMessage(parent) !== undefined ? "" : describeValue(error);
  const beside = describeValue(findMessage(parent));
  return [phrase, beside === phrase ? "" : beside].filter((text) => text !== "").join(": ");
}

/** Reads Azure's own code, which stands beside OpenAI's. */
function readInnerCode({ innererror: inner }: Fields): unknown {
  return isObject(inner) ? inner["code"] : undefined;
}

/** Reads what Venice adds to its errors: the limit that was reached, and a model that can handle the request. */
function readAdvice(...places: Fields[]): string {
  const find = (field: string) =>
    places.map((place) => place[field]).find((value) => typeof value === "string");
  const cap = find("customMessage");
  const model = find("recommended_model");
  return `${cap ? `: ${describeValue(cap)}` : ""}${model ? ` The service recommends the model ${describeValue(model)}.` : ""}`;
}

/** @param clues gets what the message holds of another error's clues */
function readMessage(error: Fields, clues: ErrorClues, depth: number): string {
  const message = findMessage(error);
  const quoted = typeof message === "string" && depth > 0 ? readQuoted(message, depth) : undefined;
  if (quoted?.word) clues.word = clues.word ? `${clues.word} ${quoted.word}` : quoted.word;
  if (quoted?.status !== undefined) clues.status ??= quoted.status;
  const code =
    typeof message === "string" ? QUOTED_CODE.exec(message.slice(0, MAX_EXCERPT_CHARS * 8))?.[1] : undefined;
  if (code) clues.word = clues.word ? `${clues.word} ${code}` : code;
  const metadata = error["metadata"];
  const raw = isObject(metadata) ? metadata["raw"] : undefined;
  const inner = typeof raw === "string" ? (readQuoted(raw, 1)?.message ?? toExcerpt(raw)) : "";
  const outer = quoted?.message ?? describeValue(message ?? findErrorField(error) ?? error);
  // Groq quotes what the model wrote instead of a tool call, the only clue to what went wrong.
  const generated =
    typeof error["failed_generation"] === "string" ? describeValue(error["failed_generation"]) : "";
  return [outer, inner === outer ? "" : inner, generated].filter((text) => text !== "").join(": ");
}

/** Lists Google's reasons, which say more than the status: `API_KEY_INVALID`. */
function listReasons(details: unknown): unknown[] {
  return Array.isArray(details)
    ? details.slice(0, 20).map((detail) => (isObject(detail) ? detail["reason"] : undefined))
    : [];
}

/** Whether a daily quota of Google is used up. It returns the next day, whatever delay the error suggests. */
function hasDailyQuota(details: unknown): boolean {
  return Array.isArray(details) && details.some((detail) => /PerDay/i.test(listQuotas(detail)));
}

/** Joins the ids of the violated quotas. */
function listQuotas(detail: unknown): string {
  const violations = isObject(detail) ? detail["violations"] : undefined;
  if (!Array.isArray(violations)) return "";
  return violations
    .map((violation) => (isObject(violation) ? describeValue(violation["quotaId"]) : ""))
    .join(" ");
}

/** @returns "" for a value that says nothing */
function describeValue(value: unknown): string {
  if (typeof value === "string") return toExcerpt(value);
  return saysNothing(value) ? "" : toExcerpt(stringifyWithinDepth(value));
}

/** Levels of an empty value that are looked into. */
const MAX_EMPTY_DEPTH = 4;

/** Whether nothing in a value tells anything: `{}`, `{"error": {"message": ""}}`. */
export function saysNothing(value: unknown, depth: number = MAX_EMPTY_DEPTH): boolean {
  if (typeof value === "string") return value.trim() === "";
  if (typeof value !== "object") return value === undefined;
  if (value === null) return true;
  return depth > 0 && Object.values(value).every((member) => saysNothing(member, depth - 1));
}

/** Shortens a foreign text and puts it on one line, so that an HTML page does not fill the debug sidebar. */
export function toExcerpt(text: string, maxChars: number = MAX_EXCERPT_CHARS): string {
  const start = text.slice(0, maxChars * 8);
  const line = start.replace(/\s+/g, " ").trim();
  if (line.length > maxChars) return `${line.slice(0, maxChars)}…`;
  return start.length < text.length ? `${line}…` : line;
}
