import { isFields, parseDemoJson } from "../json.js";
import type { DemoCall, DemoMessage } from "../prompt.js";
import type { SkillAnswer } from "../skills/all-skills.js";
import { quoteText } from "../words.js";

/** Bounds of what is read out of one result. */
const MAX_DEPTH = 3;
const MAX_VALUES = 20;
const MAX_RESULT_CHARS = 1_000;
const MAX_LABEL_CHARS = 60;

/** Units of measurements whose names tools use as keys. */
const UNITS: Readonly<Record<string, string>> = { celsius: "°C", fahrenheit: "°F", percent: "%" };

/** The results of this question's tool calls, if the last message is one of them. */
export function findResults(messages: readonly DemoMessage[]): DemoMessage[] {
  const isResult = ({ role }: DemoMessage): boolean => role === "tool" || role === "function";
  const question = messages.findLastIndex(({ role }) => role === "user");
  return messages.slice(-1).some(isResult) ? messages.slice(question + 1).filter(isResult) : [];
}

/** A text answer that says what the tools returned. */
export function answerFromResults(
  results: readonly DemoMessage[],
  messages: readonly DemoMessage[],
): SkillAnswer {
  const allCalls = messages.flatMap(({ toolCalls }) => toolCalls);
  const calls = results.map(({ toolCallId }) => allCalls.findLast(({ id }) => id === toolCallId));
  const lines = results.map(({ text }, at) => describeResult(text, describeArguments(calls[at])));
  const names = [...new Set(calls.map((call) => call?.name ?? "the tool"))].join(" and ");
  const list = lines.length === 1 ? `. ${lines[0]}` : `:\n\n${lines.map((line) => `- ${line}`).join("\n")}`;
  const thought = "The tools have answered. I say what they found.";
  return { text: `I used ${names}${list}`, thought, isKnown: true };
}

/** The short values among the arguments of a call: "Paris", "12 * 7". */
function describeArguments(call: DemoCall | undefined): string {
  const parsed = parseDemoJson(call?.arguments ?? "");
  const values = Object.values(isFields(parsed) ? parsed : {}).filter((value) => typeof value !== "object");
  const short = values.map(String).filter((value) => value.length <= MAX_LABEL_CHARS);
  return short.slice(0, 3).join(", ");
}

function describeResult(result: string, label: string): string {
  const parsed = parseDemoJson(result) ?? result.trim();
  const failure = findFailure(parsed);
  const text = failure?.replace(/^error: */i, "") ?? readOut(parsed);
  const short = text.length > MAX_RESULT_CHARS ? quoteText(text, MAX_RESULT_CHARS) : text;
  const sentence = /[.!?”"}\]]$/.test(short) ? short : `${short}.`;
  if (failure !== undefined) return `That did not work${label && ` for ${label}`}: ${sentence}`;
  return label ? `${label}: ${sentence}` : sentence;
}

/** @returns the message of a result that reports a failure */
function findFailure(result: unknown): string | undefined {
  if (result === "") return "the tool returned nothing";
  if (typeof result === "string") return /^error\b/i.test(result) ? result : undefined;
  if (!isFields(result) || !result["error"]) return undefined;
  const { error } = result;
  return readOut(isFields(error) ? (error["message"] ?? error) : error);
}

/** JSON as text to read: "title: Faust, year: 1808". A measurement, such as the weather, is read as "16 °C, fog". */
function readOut(value: unknown, path = "", depth = 0): string {
  const label = path && `${path.replaceAll("_", " ")}: `;
  if (typeof value !== "object" || value === null) return label + String(value);
  if (depth >= MAX_DEPTH) return label + JSON.stringify(value);
  if (Array.isArray(value) && value.every((item) => typeof item !== "object"))
    return label + value.join(", ");
  const entries = Object.entries(value).slice(0, MAX_VALUES);
  if (
    entries.some(([key]) => Object.hasOwn(UNITS, key)) &&
    entries.every(([, item]) => typeof item !== "object")
  )
    return entries.map(([key, item]) => readMeasurement(key, item)).join(", ");
  return entries
    .map(([key, item]) => readOut(item, Array.isArray(value) ? path : `${path} ${key}`.trim(), depth + 1))
    .join(", ");
}

function readMeasurement(key: string, value: unknown): string {
  if (Object.hasOwn(UNITS, key)) return `${value} ${UNITS[key]}`;
  return typeof value === "string" ? value : `${key.replaceAll("_", " ")}: ${value}`;
}
