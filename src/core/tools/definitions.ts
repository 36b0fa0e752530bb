import { Failure } from "../failure.js";
import { isObject, tryParseJson } from "../json/parse.js";
import { compileSchema, type SchemaCheck } from "../json/schema.js";
import { ACCEPTED_NAME, readToolName } from "./name.js";

/** A tool as an author writes it in the settings of a node. Nothing in it is trusted. */
export interface ToolConfig {
  /** Up to 64 letters, digits, - and _. */
  name?: unknown;
  /** Tells the model what the tool does. */
  description?: unknown;
  /** JSON Schema of the arguments: an object, or JSON text. Empty: the tool takes no arguments. */
  parameters?: unknown;
  /** `true`: the service has to keep the model to the schema, if it can. */
  strict?: unknown;
  /** Id of a `link in` node that is called instead of an output. */
  link?: unknown;
}

/** Where a tool is that is no part of the flow. */
export interface RemoteTool {
  /** Id of the mcp-server node. */
  server: string;
  /** Name of the tool at the server. */
  name: string;
}

/** A tool that a node can offer to a model. */
export interface Tool {
  name: string;
  /** The entry in `tools` of a Chat Completions request. */
  definition: Readonly<Record<string, unknown>>;
  /** Checks the arguments of a call. */
  check: SchemaCheck;
  /** Id of the `link in` node to call; undefined for a tool with an output. */
  link: string | undefined;
  /** Its output, counted from 0 from the first output of a tool on; undefined if its calls leave by none. */
  output: number | undefined;
  /** Set for a tool of an MCP server. If it has an output as well, its calls are approved there first. */
  remote?: RemoteTool;
}

const NO_ARGUMENTS_SCHEMA = { type: "object", properties: {} };

/**
 * Reads the list of tools in the settings of a node.
 * @returns the tools by name, in the order of the list
 * @throws Failure `configuration` that names the tool and says what is wrong with it
 */
export function readTools(list: unknown): Map<string, Tool> {
  const tools = new Map<string, Tool>();
  let outputs = 0;
  for (const [at, config] of (Array.isArray(list) ? list : []).entries()) {
    const tool = readTool(isObject(config) ? config : {}, at);
    if (tools.has(tool.name)) {
      throw createToolFailure(`Two tools are called “${tool.name}”. Give each tool its own name.`);
    }
    tools.set(tool.name, { ...tool, output: tool.link === undefined ? outputs++ : undefined });
  }
  return tools;
}

/**
 * Adds the tools of a node to those of a request. A tool of the node replaces one of the same name.
 * @returns the list for the request, and the names of the tools that were replaced by different ones
 */
export function mergeTools(
  requestTools: readonly unknown[],
  ownTools: ReadonlyMap<string, Tool>,
): { tools: unknown[]; replaced: string[] } {
  const replaced: string[] = [];
  const others = requestTools.filter((definition) => {
    const own = ownTools.get(readToolName(definition) ?? "");
    if (own && JSON.stringify(definition) !== JSON.stringify(own.definition)) replaced.push(own.name);
    return !own;
  });
  return { tools: [...others, ...[...ownTools.values()].map(({ definition }) => definition)], replaced };
}

function readTool(config: ToolConfig, at: number): Omit<Tool, "output"> {
  const { description, link } = config;
  const name = typeof config.name === "string" ? config.name.trim() : "";
  if (name === "") throw createToolFailure(`Tool ${at + 1} has no name. Enter one in the list of tools.`);
  if (!ACCEPTED_NAME.test(name)) {
    throw createToolFailure(
      `The tool name “${name.slice(0, 80)}” is not valid. Use up to 64 letters, digits, - and _.`,
    );
  }
  const schema = readParameters(name, config.parameters);
  // Strict services require this field even in the schema of a tool without arguments.
  const parameters =
    schema === NO_ARGUMENTS_SCHEMA && config.strict === true
      ? { ...schema, additionalProperties: false }
      : schema;
  const definition: Record<string, unknown> = { name };
  if (typeof description === "string" && description.trim() !== "") definition["description"] = description;
  definition["parameters"] = parameters;
  if (config.strict === true) definition["strict"] = true;
  return {
    name,
    definition: { type: "function", function: definition },
    check: compileParameters(name, parameters),
    link: typeof link === "string" && link !== "" ? link : undefined,
  };
}

function readParameters(name: string, parameters: unknown): Record<string, unknown> {
  if (parameters === undefined || parameters === null) return NO_ARGUMENTS_SCHEMA;
  if (typeof parameters === "string" && parameters.trim() === "") return NO_ARGUMENTS_SCHEMA;
  const schema = typeof parameters === "string" ? tryParseJson(parameters) : parameters;
  if (!isObject(schema)) {
    throw createToolFailure(
      `The parameters of the tool “${name}” are not a JSON object. Enter a JSON Schema, or nothing if it takes no arguments.`,
    );
  }
  return schema;
}

function compileParameters(name: string, parameters: Record<string, unknown>): SchemaCheck {
  try {
    return compileSchema(parameters);
  } catch (thrown) {
    throw createToolFailure(`The parameters of the tool “${name}”: ${(thrown as Error).message}`);
  }
}

function createToolFailure(message: string): Failure {
  return new Failure("configuration", message);
}
