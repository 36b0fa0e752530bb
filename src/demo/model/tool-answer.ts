import { type CallMade, type ChatMessage, quoted } from "../conversation.js";
import { isFields } from "../json.js";

/** Depth and number of values read out from one result. */
const DEEP = 3;
const MOST_VALUES = 20;
/** Characters of a result that are repeated; a tool may return a whole page. */
const LONGEST = 1_000;

/** The tool messages at the end of the conversation, those of earlier turns of the same question included. */
export function resultsOf(messages: readonly ChatMessage[]): ChatMessage[] {
  const at = messages.findLastIndex((message) => message.role === "user");
  return messages.slice(at + 1).filter((message) => message.role === "tool" || message.role === "function");
}

/** A text answer that says what the tools returned. */
export function answerFromResults(messages: readonly ChatMessage[]): string {
  const results = resultsOf(messages);
  const calls = messages.flatMap((message) => message.toolCalls);
  const lines = results.map((result) => {
    const call = calls.findLast((one) => one.id === result.toolCallId);
    const [said, failed] = spoken(result.text);
    const about = aboutOf(call);
    if (failed) return `That did not work${about ? ` for ${about}` : ""}: ${ended(said)}`;
    return about ? `${about}: ${ended(said)}` : ended(said);
  });
  const tools = [
    ...new Set(
      calls.filter((call) => results.some((one) => one.toolCallId === call.id)).map((call) => call.name),
    ),
  ];
  const by = tools.length > 0 ? `I asked ${tools.join(" and ")}` : "I asked the tools";
  if (lines.length === 1) return `${by}, and this is what I found. ${lines[0]}`;
  return `${by}, and this is what I found:\n\n${lines.map((line) => `- ${line}`).join("\n")}`;
}

/** What the call was about, from its arguments: "Paris", "12 * 7". */
function aboutOf(call: CallMade | undefined): string {
  let given: unknown;
  try {
    given = JSON.parse(call?.arguments ?? "");
  } catch {
    return "";
  }
  if (!isFields(given)) return "";
  const values = Object.values(given).filter(
    (value) => typeof value === "string" || typeof value === "number",
  );
  const short = values.map(String).filter((value) => value.length <= 60);
  return short.slice(0, 3).join(", ");
}

/** A result in words, and whether it reports a failure. */
function spoken(text: string): [string, boolean] {
  const trimmed = text.trim();
  if (trimmed === "") return ["the tool returned nothing", true];
  let parsed: unknown;
  try {
    parsed = JSON.parse(trimmed);
  } catch {
    return [cut(trimmed.replace(/^error: */i, "")), /^error\b/i.test(trimmed)];
  }
  if (isFields(parsed) && parsed["error"]) {
    const error = parsed["error"];
    const message = isFields(error) ? error["message"] : error;
    return [cut(typeof message === "string" ? message : readOut(error)), true];
  }
  return [cut(readOut(parsed)), false];
}

/** JSON as a list of "name: value" that can be read aloud. */
function readOut(value: unknown): string {
  const found: string[] = [];
  const visit = (one: unknown, path: string, depth: number): void => {
    if (found.length >= MOST_VALUES) return;
    const label = path ? `${path.replaceAll("_", " ")}: ` : "";
    if (typeof one !== "object" || one === null) found.push(`${label}${String(one)}`);
    else if (depth >= DEEP) found.push(label + JSON.stringify(one));
    else if (Array.isArray(one) && one.every((item) => typeof item !== "object"))
      found.push(label + one.join(", "));
    else if (Array.isArray(one)) for (const item of one) visit(item, path, depth + 1);
    else for (const [key, item] of Object.entries(one)) visit(item, path ? `${path} ${key}` : key, depth + 1);
  };
  visit(value, "", 0);
  return found.join(", ");
}

function cut(text: string): string {
  return text.length > LONGEST ? quoted(text, LONGEST) : text;
}

function ended(text: string): string {
  return /[.!?。！？”"}\]]$/.test(text) ? text : `${text}.`;
}
