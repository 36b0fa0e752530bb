import { isObject, stringifyWithinDepth, tryParseJson } from "../json/parse.js";
import type { ErrorClues } from "./classify.js";

/** Longest piece of a foreign text that goes into a message of ours. */
const MAX_EXCERPT_CHARS = 300;

/**
 * What an error body says, whatever its shape: OpenAI `{error:{message,type,code}}`, Anthropic
 * `{type:"error",error}`, Gemini `{error:{code,status}}` and `[{error}]`, Ollama and Venice `{error:"text"}`
 * with `code`, `details` or `issues` beside it, an array of issues, FastAPI `{detail}`, vLLM
 * `{object:"error",message}`, MiniMax `{base_resp:{status_code,status_msg}}`, OpenRouter's
 * `error.metadata.raw` (JSON in a string).
 * @param certain the value is known to be an error, of whatever form
 * @returns undefined where the value is not an error.
 */
export function readErrorClues(body: unknown, certain = false): ErrorClues | undefined {
  const value = Array.isArray(body) ? body.find((entry) => isObject(entry) && entry["error"]) : body;
  if (!isObject(value)) return certain ? { message: describeValue(body) } : undefined;
  if (value["error"]) return readErrorValue(value["error"], value);
  if (value["object"] === "error" || value["type"] === "error") return readErrorValue(value, value);
  // Beside choices it is some vendor's field of that name.
  if (value["detail"] && !Array.isArray(value["choices"])) return { message: describeValue(value["detail"]) };
  const base = value["base_resp"];
  if (isObject(base) && base["status_code"]) {
    return { word: describeValue(base["status_code"]), message: describeValue(base["status_msg"]) };
  }
  return certain ? readErrorValue(value, value) : undefined;
}

function readErrorValue(error: unknown, around: Record<string, unknown>): ErrorClues {
  const first = Array.isArray(error) ? error[0] : error;
  const said = isObject(first) ? [first["code"], first["type"], first["status"], readInnerCode(first)] : [];
  const words = [...said, around["code"], isObject(first) ? undefined : around["status"]];
  const clues: ErrorClues = {};
  const status = words.map(toStatus).find((number) => number !== undefined);
  if (status !== undefined) clues.status = status;
  const spoken = words.filter((word) => typeof word === "string" && toStatus(word) === undefined);
  if (isObject(first) && hasDailyQuota(first["details"])) spoken.unshift("quota_per_day");
  if (spoken.length > 0) clues.word = spoken.join(" ");
  const message = isObject(first)
    ? readMessage(first)
    : describeValue(error) + (around["details"] ? `: ${describeValue(around["details"])}` : "");
  clues.message = message + readAdvice(isObject(first) ? first : around, around);
  return clues;
}

/** Azure's own word, beside OpenAI's. */
function readInnerCode({ innererror: inner }: Record<string, unknown>): unknown {
  return isObject(inner) ? inner["code"] : undefined;
}

/** What Venice says beside its errors: which cap was hit, which model would take it. */
function readAdvice(...places: Record<string, unknown>[]): string {
  const find = (field: string) =>
    places.map((place) => place[field]).find((said) => typeof said === "string");
  const cap = find("customMessage");
  const model = find("recommended_model");
  return `${cap ? `: ${describeValue(cap)}` : ""}${model ? ` The service recommends the model ${describeValue(model)}.` : ""}`;
}

function readMessage(error: Record<string, unknown>): string {
  const metadata = error["metadata"];
  const raw = isObject(metadata) ? metadata["raw"] : undefined;
  const inner = typeof raw === "string" ? (readErrorClues(tryParseJson(raw))?.message ?? toExcerpt(raw)) : "";
  const outer = describeValue(error["message"] === undefined ? error : error["message"]);
  // What the model wrote instead of a tool call (Groq) is the one thing that helps.
  const generated =
    typeof error["failed_generation"] === "string" ? describeValue(error["failed_generation"]) : "";
  return [outer, inner === outer ? "" : inner, generated].filter((text) => text !== "").join(": ");
}

/** Google's quotas per day: they come back tomorrow, whatever delay is given beside them. */
function hasDailyQuota(details: unknown): boolean {
  return Array.isArray(details) && details.some((detail) => /PerDay/i.test(listQuotas(detail)));
}

function listQuotas(detail: unknown): string {
  const violations = isObject(detail) ? detail["violations"] : undefined;
  if (!Array.isArray(violations)) return "";
  return violations
    .map((violation) => (isObject(violation) ? describeValue(violation["quotaId"]) : ""))
    .join(" ");
}

function toStatus(word: unknown): number | undefined {
  const number = typeof word === "number" ? word : typeof word === "string" ? Number(word) : Number.NaN;
  return Number.isInteger(number) && number >= 400 && number < 600 ? number : undefined;
}

function describeValue(value: unknown): string {
  if (typeof value === "string") return toExcerpt(value);
  return value === undefined || value === null ? "" : toExcerpt(stringifyWithinDepth(value));
}

/** The beginning of a foreign text on one line: an HTML page must not fill the debug sidebar. */
export function toExcerpt(text: string, longest: number = MAX_EXCERPT_CHARS): string {
  const line = text
    .slice(0, longest * 8)
    .replace(/\s+/g, " ")
    .trim();
  return line.length > longest ? `${line.slice(0, longest)}…` : line;
}
