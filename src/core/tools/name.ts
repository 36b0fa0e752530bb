import type { ToolCall } from "../chat/chunk.js";
import type { ChatRequest } from "../chat/request.js";
import { isObject } from "../json/parse.js";

/** Longest name of a tool that services accept. */
const MAX_NAME_CHARS = 64;

/** Characters of a tool's name that an author is shown. */
const MAX_SHOWN_CHARS = 80;

/**
 * Names that services accept for tools and for response schemas (`tools.function.name` and
 * `response_format.json_schema.name` of the OpenAI API reference).
 */
export const ACCEPTED_NAME = /^[A-Za-z0-9_-]{1,64}$/;

/**
 * Reads the name of a tool in a request: of a function, or of a custom tool, which takes any text. undefined for any other
 * tool, such as the service's own tools.
 */
export function readToolName(definition: unknown): string | undefined {
  const name = (readFunction(definition) ?? readDescription(definition, "custom"))?.["name"];
  return typeof name === "string" ? name : undefined;
}

/** Collects the names of the tools that a request offers. */
export function collectToolNames({ tools }: ChatRequest): string[] {
  return Array.isArray(tools) ? flattenTools(tools).flatMap((tool) => readToolName(tool) ?? []) : [];
}

/** Lists the tools of a request with those inside of namespaces (openai 7.59, `NamespaceTool`). */
export function flattenTools(tools: readonly unknown[]): unknown[] {
  return tools.flatMap((tool) => {
    const isNamespace = isObject(tool) && tool["type"] === "namespace" && Array.isArray(tool["tools"]);
    return isNamespace ? (tool["tools"] as unknown[]) : [tool];
  });
}

/** Reads the name of the tool that a model called. */
export function readCalledName({ function: called, custom }: ToolCall): string {
  return (called ?? custom)?.name ?? "";
}

/** Reads the name of the tool that a model called, as an author is shown it. */
export function readShownName(call: ToolCall): string {
  return readCalledName(call).slice(0, MAX_SHOWN_CHARS);
}

/** Reads the function of a tool in a request: its name, description and parameters. */
export function readFunction(definition: unknown): Record<string, unknown> | undefined {
  return readDescription(definition, "function");
}

/** Reads what a tool says beside its type: in an object of that name (Chat Completions), or in itself (Responses). */
function readDescription(
  definition: unknown,
  type: "function" | "custom",
): Record<string, unknown> | undefined {
  if (!isObject(definition)) return undefined;
  const description = definition[type];
  if (isObject(description)) return description;
  return definition["type"] === type && typeof definition["name"] === "string" ? definition : undefined;
}

/** Turns a name that a model made up into one that services accept. */
export function toAcceptedName(name: string): string {
  return name.slice(0, MAX_NAME_CHARS).replace(/[^A-Za-z0-9_-]/g, "_") || "unknown";
}

/** Quotes the name of a tool in a message to the model, shortened to a length that a real name never has. */
export function quoteToolName(name: string): string {
  return `"${name.length > MAX_NAME_CHARS ? `${name.slice(0, MAX_NAME_CHARS)}…` : name}"`;
}
