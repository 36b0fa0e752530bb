import { isObject, safeStringify, tryParseJson } from "../json/parse.js";
import type { ErrorClues } from "./classify.js";

/** Longest piece of a foreign text that goes into a message of ours. */
const EXCERPT = 300;

/**
 * What an error body says, whatever its shape: OpenAI `{error:{message,type,code}}`, Anthropic
 * `{type:"error",error}`, Gemini `{error:{code,status}}` and `[{error}]`, Ollama and Venice `{error:"text"}`
 * with `code`, `details` or `issues` beside it, an array of issues, FastAPI `{detail}`, vLLM
 * `{object:"error",message}`, MiniMax `{base_resp:{status_code,status_msg}}`, OpenRouter's
 * `error.metadata.raw` (JSON in a string).
 * @param certain the value is known to be an error, of whatever form
 * @returns undefined where the value is not an error.
 */
export function errorClues(body: unknown, certain = false): ErrorClues | undefined {
  const value = Array.isArray(body) ? body.find((entry) => isObject(entry) && entry["error"]) : body;
  if (!isObject(value)) return certain ? { message: textOf(body) } : undefined;
  if (value["error"]) return cluesOf(value["error"], value);
  if (value["object"] === "error" || value["type"] === "error") return cluesOf(value, value);
  // Beside choices it is some vendor's field of that name.
  if (value["detail"] && !Array.isArray(value["choices"])) return { message: textOf(value["detail"]) };
  const base = value["base_resp"];
  if (isObject(base) && base["status_code"]) {
    return { word: textOf(base["status_code"]), message: textOf(base["status_msg"]) };
  }
  return certain ? cluesOf(value, value) : undefined;
}

function cluesOf(error: unknown, around: Record<string, unknown>): ErrorClues {
  const first = Array.isArray(error) ? error[0] : error;
  const said = isObject(first) ? [first["code"], first["type"], first["status"], innerCode(first)] : [];
  const words = [...said, around["code"], isObject(first) ? undefined : around["status"]];
  const clues: ErrorClues = {};
  const status = words.map(asStatus).find((number) => number !== undefined);
  if (status !== undefined) clues.status = status;
  const spoken = words.filter((word) => typeof word === "string" && asStatus(word) === undefined);
  if (isObject(first) && isPerDay(first["details"])) spoken.unshift("quota_per_day");
  if (spoken.length > 0) clues.word = spoken.join(" ");
  const message = isObject(first)
    ? messageOf(first)
    : textOf(error) + (around["details"] ? `: ${textOf(around["details"])}` : "");
  clues.message = message + adviceIn(isObject(first) ? first : around, around);
  return clues;
}

/** Azure's own word, beside OpenAI's. */
function innerCode({ innererror: inner }: Record<string, unknown>): unknown {
  return isObject(inner) ? inner["code"] : undefined;
}

/** What Venice says beside its errors: which cap was hit, which model would take it. */
function adviceIn(...places: Record<string, unknown>[]): string {
  const find = (field: string) =>
    places.map((place) => place[field]).find((said) => typeof said === "string");
  const cap = find("customMessage");
  const model = find("recommended_model");
  return `${cap ? `: ${textOf(cap)}` : ""}${model ? ` The service recommends the model ${textOf(model)}.` : ""}`;
}

function messageOf(error: Record<string, unknown>): string {
  const metadata = error["metadata"];
  const raw = isObject(metadata) ? metadata["raw"] : undefined;
  const inner = typeof raw === "string" ? (errorClues(tryParseJson(raw))?.message ?? excerpt(raw)) : "";
  const outer = textOf(error["message"] === undefined ? error : error["message"]);
  // What the model wrote instead of a tool call (Groq) is the one thing that helps.
  const generated = typeof error["failed_generation"] === "string" ? textOf(error["failed_generation"]) : "";
  return [outer, inner === outer ? "" : inner, generated].filter((text) => text !== "").join(": ");
}

/** Google's quotas per day: they come back tomorrow, whatever delay is given beside them. */
function isPerDay(details: unknown): boolean {
  return Array.isArray(details) && details.some((detail) => /PerDay/i.test(quotasOf(detail)));
}

function quotasOf(detail: unknown): string {
  const violations = isObject(detail) ? detail["violations"] : undefined;
  if (!Array.isArray(violations)) return "";
  return violations.map((violation) => (isObject(violation) ? textOf(violation["quotaId"]) : "")).join(" ");
}

function asStatus(word: unknown): number | undefined {
  const number = typeof word === "number" ? word : typeof word === "string" ? Number(word) : Number.NaN;
  return Number.isInteger(number) && number >= 400 && number < 600 ? number : undefined;
}

function textOf(value: unknown): string {
  if (typeof value === "string") return excerpt(value);
  return value === undefined || value === null ? "" : excerpt(safeStringify(value));
}

/** The beginning of a foreign text on one line: an HTML page must not fill the debug sidebar. */
export function excerpt(text: string, longest: number = EXCERPT): string {
  const line = text
    .slice(0, longest * 8)
    .replace(/\s+/g, " ")
    .trim();
  return line.length > longest ? `${line.slice(0, longest)}…` : line;
}
