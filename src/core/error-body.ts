import type { ErrorClues } from "./classify.js";
import { isObject, tryParseJson } from "./json.js";

/** Longest piece of a foreign text that goes into a message of ours. */
const EXCERPT = 300;

/**
 * What an error body says, whatever its shape: OpenAI `{error:{message,type,code}}`, Anthropic
 * `{type:"error",error}`, Gemini `{error:{code,status}}` and `[{error}]`, Ollama and Venice `{error:"text"}`
 * with `code`, `details` or `issues` beside it, an array of issues, FastAPI `{detail}`, vLLM
 * `{object:"error",message}`, MiniMax `{base_resp:{status_code,status_msg}}`, OpenRouter's
 * `error.metadata.raw` (JSON in a string).
 * @returns undefined where the value is not an error.
 */
export function errorClues(body: unknown): ErrorClues | undefined {
  const value = Array.isArray(body) ? body.find((entry) => isObject(entry) && entry["error"]) : body;
  if (!isObject(value)) return undefined;
  if (value["error"]) return cluesOf(value["error"], value);
  if (value["object"] === "error" || value["type"] === "error") return cluesOf(value, value);
  if (value["detail"]) return { message: textOf(value["detail"]) };
  const base = value["base_resp"];
  if (isObject(base) && base["status_code"]) {
    return { word: String(base["status_code"]), message: textOf(base["status_msg"]) };
  }
  return undefined;
}

function cluesOf(error: unknown, around: Record<string, unknown>): ErrorClues {
  const clues: ErrorClues = {};
  const first = Array.isArray(error) ? error[0] : error;
  if (isObject(first)) {
    const words = [first["code"], first["type"], first["status"], around["code"]];
    const status = words.map(asStatus).find((number) => number !== undefined);
    if (status !== undefined) clues.status = status;
    const spoken = words.filter((word) => typeof word === "string" && asStatus(word) === undefined);
    if (spoken.length > 0) clues.word = spoken.join(" ");
    clues.message = messageOf(first);
  } else {
    clues.message = textOf(error);
    if (typeof around["code"] === "string") clues.word = around["code"];
    if (around["details"]) clues.message += `: ${textOf(around["details"])}`;
  }
  return clues;
}

function messageOf(error: Record<string, unknown>): string {
  const metadata = error["metadata"];
  const raw = isObject(metadata) ? metadata["raw"] : undefined;
  const inner = typeof raw === "string" ? (errorClues(tryParseJson(raw))?.message ?? raw) : undefined;
  const outer = error["message"] === undefined ? textOf(error) : textOf(error["message"]);
  return inner && inner !== outer ? `${outer}: ${inner}` : outer;
}

function asStatus(word: unknown): number | undefined {
  const number = typeof word === "number" ? word : typeof word === "string" ? Number(word) : Number.NaN;
  return Number.isInteger(number) && number >= 400 && number < 600 ? number : undefined;
}

function textOf(value: unknown): string {
  if (typeof value === "string") return excerpt(value);
  return value === undefined || value === null ? "" : excerpt(JSON.stringify(value));
}

/** The beginning of a foreign text on one line: an HTML page must not fill the debug sidebar. */
export function excerpt(text: string, longest: number = EXCERPT): string {
  const line = text
    .slice(0, longest * 8)
    .replace(/\s+/g, " ")
    .trim();
  return line.length > longest ? `${line.slice(0, longest)}…` : line;
}
