import { isObject, stringifyWithinDepth, tryParseJson } from "../json/parse.js";
import type { ErrorClues } from "./classify.js";

/** How much of a foreign text goes into an error message. */
const MAX_EXCERPT_CHARS = 300;

/**
 * Reads an error body of any known form: OpenAI `{error:{message,type,code}}`, Anthropic `{type:"error",error}`,
 * Gemini `{error:{code,status}}` and `[{error}]`, Ollama and Venice `{error:"text"}` with `code`, `details` or
 * `issues` beside it, an array of issues, FastAPI `{detail}`, vLLM `{object:"error",message}`, MiniMax
 * `{base_resp:{status_code,status_msg}}`, OpenRouter's `error.metadata.raw` (JSON in a string).
 * @param isError whether the value is known to be an error, whatever its form; default false
 * @returns undefined if the value is not an error
 */
export function readErrorClues(body: unknown, isError = false): ErrorClues | undefined {
  const value = Array.isArray(body) ? body.find((entry) => isObject(entry) && entry["error"]) : body;
  if (!isObject(value)) return isError ? { message: describeValue(body) } : undefined;
  if (value["error"]) return readErrorValue(value["error"], value);
  if (value["object"] === "error" || value["type"] === "error") return readErrorValue(value, value);
  // Beside choices, `detail` is a vendor field of an answer.
  if (value["detail"] && !Array.isArray(value["choices"])) return { message: describeValue(value["detail"]) };
  const base = value["base_resp"];
  if (isObject(base) && base["status_code"]) {
    return { word: describeValue(base["status_code"]), message: describeValue(base["status_msg"]) };
  }
  return isError ? readErrorValue(value, value) : undefined;
}

function readErrorValue(error: unknown, parent: Record<string, unknown>): ErrorClues {
  const first = Array.isArray(error) ? error[0] : error;
  const codes = isObject(first)
    ? [first["code"], first["type"], first["status"], readInnerCode(first), parent["code"]]
    : [parent["code"], parent["status"]];
  const clues: ErrorClues = {};
  const status = codes.map(toStatus).find((number) => number !== undefined);
  if (status !== undefined) clues.status = status;
  const words = codes.filter((code) => typeof code === "string" && toStatus(code) === undefined);
  if (isObject(first) && hasDailyQuota(first["details"])) words.unshift("quota_per_day");
  if (words.length > 0) clues.word = words.join(" ");
  const message = isObject(first)
    ? readMessage(first)
    : describeValue(error) + (parent["details"] ? `: ${describeValue(parent["details"])}` : "");
  clues.message = message + readAdvice(isObject(first) ? first : parent, parent);
  return clues;
}

/** Reads Azure's own code, which stands beside OpenAI's. */
function readInnerCode({ innererror: inner }: Record<string, unknown>): unknown {
  return isObject(inner) ? inner["code"] : undefined;
}

/** Reads what Venice adds to its errors: the limit that was reached, and a model that can handle the request. */
function readAdvice(...places: Record<string, unknown>[]): string {
  const find = (field: string) =>
    places.map((place) => place[field]).find((value) => typeof value === "string");
  const cap = find("customMessage");
  const model = find("recommended_model");
  return `${cap ? `: ${describeValue(cap)}` : ""}${model ? ` The service recommends the model ${describeValue(model)}.` : ""}`;
}

function readMessage(error: Record<string, unknown>): string {
  const metadata = error["metadata"];
  const raw = isObject(metadata) ? metadata["raw"] : undefined;
  const inner = typeof raw === "string" ? (readErrorClues(tryParseJson(raw))?.message ?? toExcerpt(raw)) : "";
  const outer = describeValue(error["message"] === undefined ? error : error["message"]);
  // Groq quotes what the model wrote instead of a tool call, the only clue to what went wrong.
  const generated =
    typeof error["failed_generation"] === "string" ? describeValue(error["failed_generation"]) : "";
  return [outer, inner === outer ? "" : inner, generated].filter((text) => text !== "").join(": ");
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

/** Turns a code into an HTTP status if it is a number from 400 to 599. */
function toStatus(word: unknown): number | undefined {
  const number = typeof word === "number" ? word : typeof word === "string" ? Number(word) : Number.NaN;
  return Number.isInteger(number) && number >= 400 && number < 600 ? number : undefined;
}

function describeValue(value: unknown): string {
  if (typeof value === "string") return toExcerpt(value);
  return value === undefined || value === null ? "" : toExcerpt(stringifyWithinDepth(value));
}

/** Shortens a foreign text and puts it on one line, so that an HTML page does not fill the debug sidebar. */
export function toExcerpt(text: string, maxChars: number = MAX_EXCERPT_CHARS): string {
  const start = text.slice(0, maxChars * 8);
  const line = start.replace(/\s+/g, " ").trim();
  if (line.length > maxChars) return `${line.slice(0, maxChars)}…`;
  return start.length < text.length ? `${line}…` : line;
}
