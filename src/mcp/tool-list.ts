import { isObject } from "../core/json/parse.js";
import { compileSchema, type SchemaCheck } from "../core/json/schema.js";
import { toAcceptedName } from "../core/tools/name.js";

/** A tool of an MCP server. */
export interface McpTool {
  /** Its name at the server. */
  name: string;
  description: string;
  /** JSON Schema of the arguments. */
  parameters: Record<string, unknown>;
  /** Checks the arguments of a call. */
  check: SchemaCheck;
}

/** The tools of a server, and why some of those that it lists are left out. */
export interface ToolList {
  tools: McpTool[];
  problems: string[];
}

/** How many tools of one server are used. Services take 128 at most in one request. */
const MAX_TOOLS = 512;

/** Characters of a description. A model reads all of them with each request. */
const MAX_DESCRIPTION_CHARS = 8_192;

/** How many problems are logged. */
const MAX_PROBLEMS = 10;

/** Reads what a server lists. Nothing in it is trusted: a tool that cannot be offered to a model is left out. */
export function readToolList(list: readonly unknown[]): ToolList {
  const tools = new Map<string, McpTool>();
  const problems: string[] = [];
  for (const entry of list.slice(0, MAX_TOOLS)) {
    const tool = readEntry(entry);
    if (typeof tool === "string") problems.push(tool);
    else if (tools.has(tool.name))
      problems.push(`The tool “${tool.name}” is listed twice; the first one is used.`);
    else tools.set(tool.name, tool);
  }
  if (list.length > MAX_TOOLS)
    problems.push(`It lists ${list.length} tools; the first ${MAX_TOOLS} are used.`);
  return { tools: [...tools.values()], problems: problems.slice(0, MAX_PROBLEMS) };
}

/**
 * Builds the name under which a model sees a tool.
 * @param prefix goes before it, so that tools of several servers can be told apart
 */
export function buildOfferedName(prefix: string, name: string): string {
  return toAcceptedName(prefix + name);
}

/** @returns the tool, or why it is left out */
function readEntry(entry: unknown): McpTool | string {
  const { name, description, inputSchema } = isObject(entry) ? entry : {};
  if (typeof name !== "string" || name === "") return "A tool without a name was left out.";
  const shown = name.slice(0, 80);
  const parameters = isObject(inputSchema) ? inputSchema : { type: "object" };
  try {
    return {
      name,
      description: typeof description === "string" ? description.slice(0, MAX_DESCRIPTION_CHARS) : "",
      parameters,
      check: compileSchema(parameters),
    };
  } catch (thrown) {
    return `The tool “${shown}” was left out. ${(thrown as Error).message}`;
  }
}
