import { readReason } from "../failure.js";
import { isObject } from "../json/parse.js";
import { isHighSurrogate } from "../surrogates.js";

/** What a tool gave back, for the model to read. */
export interface ToolResult {
  text: string;
  failed: boolean;
}

/**
 * A tool's answer as text: a text as it is, anything else as JSON. What JSON cannot hold is a failure that says so;
 * what is too long is cut, and says so at its end.
 * @param most characters
 */
export function toToolResult(value: unknown, most: number): ToolResult {
  try {
    const text = toText(value);
    if (text === undefined) return createFailedResult("The tool gave no result.");
    return { text: truncateResult(text, most), failed: false };
  } catch (thrown) {
    return createFailedResult(`The tool's result cannot be told: ${readReason(thrown)}.`);
  }
}

/** What a tool that failed tells: an error as a Catch node passes it on, or anything else. */
export function toFailedResult(error: unknown, most: number): ToolResult {
  const said = isObject(error) ? error["message"] : error;
  const { text, failed } = toToolResult(said ?? "The tool failed.", most);
  return failed ? { text, failed } : { text: `Error: ${text}`, failed: true };
}

/** A failure that no tool made: there was none to ask, or it gave no answer. */
export function createFailedResult(text: string): ToolResult {
  return { text: `Error: ${text}`, failed: true };
}

function toText(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  if (value instanceof Uint8Array) return new TextDecoder("utf-8", { fatal: true }).decode(value);
  const plain = toPlainValue(value);
  return typeof plain === "string"
    ? plain
    : JSON.stringify(plain, (_key, entry: unknown) => toPlainValue(entry));
}

/** What JSON has no form for. A function node's own objects are of another realm, where `instanceof` knows none of them. */
function toPlainValue(value: unknown): unknown {
  if (typeof value === "bigint") return value.toString();
  if (!isObject(value)) return value;
  const kind = Object.prototype.toString.call(value);
  if (kind === "[object Error]") return value["message"];
  return kind === "[object Map]" || kind === "[object Set]"
    ? [...(value as unknown as Iterable<unknown>)]
    : value;
}

function truncateResult(text: string, most: number): string {
  if (text.length <= most) return text;
  const end = isHighSurrogate(text.charCodeAt(most - 1)) ? most - 1 : most;
  return `${text.slice(0, end)}\n[cut off here: the result has ${text.length} characters, and ${most} are allowed]`;
}
