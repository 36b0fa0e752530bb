import { readReason } from "../failure.js";
import { isObject } from "../json/parse.js";
import { isHighSurrogate } from "../surrogates.js";

/** The result of a tool call, as the model reads it. */
export interface ToolResult {
  text: string;
  failed: boolean;
}

/**
 * Converts what a tool returned to text: a string as it is, bytes as UTF-8, anything else as JSON. A value that cannot be
 * converted becomes a failed result that says so. A text that is too long is cut, with a note at its end.
 */
export function toToolResult(value: unknown, maxChars: number): ToolResult {
  try {
    const text = toText(value);
    if (text === undefined) return createFailedResult("The tool gave no result.");
    return { text: truncateResult(text, maxChars), failed: false };
  } catch (thrown) {
    return createFailedResult(`The tool's result cannot be converted to text: ${readReason(thrown)}.`);
  }
}

/** Converts the error of a tool to a failed result. @param error an error as a Catch node passes it on, or anything else */
export function toFailedResult(error: unknown, maxChars: number): ToolResult {
  const reason = isObject(error) ? error["message"] : error;
  const { text, failed } = toToolResult(reason ?? "The tool failed.", maxChars);
  return failed ? { text, failed } : createFailedResult(text);
}

/** Creates the result of a call that no tool answered. @param reason a sentence for the model */
export function createFailedResult(reason: string): ToolResult {
  return { text: `Error: ${reason}`, failed: true };
}

function toText(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  if (value instanceof Uint8Array) return new TextDecoder("utf-8", { fatal: true }).decode(value);
  const plain = toPlainValue(value);
  return typeof plain === "string"
    ? plain
    : JSON.stringify(plain, (_key, entry: unknown) => toPlainValue(entry));
}

/**
 * Replaces values that JSON has no form for. Objects of a function node come from another realm, in which `instanceof`
 * does not work.
 */
function toPlainValue(value: unknown): unknown {
  if (typeof value === "bigint") return value.toString();
  if (!isObject(value)) return value;
  const type = Object.prototype.toString.call(value);
  if (type === "[object Error]") return value["message"];
  return type === "[object Map]" || type === "[object Set]"
    ? [...(value as unknown as Iterable<unknown>)]
    : value;
}

function truncateResult(text: string, maxChars: number): string {
  if (text.length <= maxChars) return text;
  const end = isHighSurrogate(text.charCodeAt(maxChars - 1)) ? maxChars - 1 : maxChars;
  return `${text.slice(0, end)}\n[cut off here: the result has ${text.length} characters, and ${maxChars} are allowed]`;
}
