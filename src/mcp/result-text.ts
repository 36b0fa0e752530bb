import { isObject } from "../core/json/parse.js";
import { type ToolResult, toFailedResult, toToolResult } from "../core/tools/result.js";

/**
 * Turns the result of a call into what a model can read: texts as they are, data as JSON, and a line for what is no text.
 * @param maxChars characters of a result; what is longer is cut, and says so
 */
export function readCallResult(result: unknown, maxChars: number): ToolResult {
  const { content, structuredContent, isError } = isObject(result) ? result : {};
  const blocks = Array.isArray(content) ? content : [];
  const texts = blocks.map(describeBlock).filter((text) => text !== "");
  // Servers repeat structured content as text for clients that do not know it.
  if (structuredContent !== undefined && !blocks.some(isText)) texts.push(JSON.stringify(structuredContent));
  const text = texts.join("\n");
  if (isError === true) return toFailedResult(text || undefined, maxChars);
  return text === ""
    ? { text: "The tool has finished, and says nothing.", failed: false }
    : toToolResult(text, maxChars);
}

function isText(block: unknown): boolean {
  return isObject(block) && block["type"] === "text" && block["text"] !== "";
}

function describeBlock(block: unknown): string {
  if (!isObject(block)) return "";
  switch (block["type"]) {
    case "text":
      return String(block["text"] ?? "");
    case "image":
    case "audio":
      return `[${block["type"]}, ${describeData(block["mimeType"], block["data"])}: it cannot be shown here]`;
    case "resource":
      return describeResource(isObject(block["resource"]) ? block["resource"] : {});
    case "resource_link":
      return describeLink(block);
    default:
      return `[content of the kind ${JSON.stringify(block["type"] ?? null).slice(0, 80)}, which cannot be shown here]`;
  }
}

function describeResource({ uri, mimeType, text, blob }: Record<string, unknown>): string {
  if (typeof text === "string") return `[resource ${uri ?? ""}]\n${text}`;
  return `[resource ${uri ?? ""}, ${describeData(mimeType, blob)}: it cannot be shown here]`;
}

function describeLink({ uri, name, title, description }: Record<string, unknown>): string {
  const details = [title ?? name, description].filter(
    (detail) => typeof detail === "string" && detail !== "",
  );
  return `[link to the resource ${uri ?? ""}${details.length > 0 ? `: ${details.join(", ")}` : ""}]`;
}

function describeData(mimeType: unknown, base64: unknown): string {
  const bytes = typeof base64 === "string" ? Math.floor((base64.length * 3) / 4) : 0;
  return `${mimeType ?? "unknown type"}, ${bytes} bytes`;
}
