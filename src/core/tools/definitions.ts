import { Failure } from "../failure.js";
import { isObject, tryParseJson } from "../json/parse.js";
import { compileSchema, type SchemaCheck } from "../json/schema.js";
import { NAME, readToolName } from "./name.js";

/** A tool as an author writes it. */
export interface ToolConfig {
  name?: unknown;
  description?: unknown;
  /** JSON Schema of the arguments: an object, or its JSON text. Empty: the tool takes none. */
  parameters?: unknown;
  /** Has the service keep the model to the schema, where it can. */
  strict?: unknown;
  /** Id of a `link in` node that is called instead of an output. */
  link?: unknown;
}

/** A tool that can be offered to a model. */
export interface Tool {
  name: string;
  /** As Chat Completions has it in `tools`. */
  definition: Readonly<Record<string, unknown>>;
  check: SchemaCheck;
  /** Id of a `link in` node; undefined for a tool with an output. */
  link: string | undefined;
  /** Its place among the tools that have an output; undefined for a linked one. */
  output: number | undefined;
}

const NO_ARGUMENTS = { type: "object", properties: {} };

/**
 * Reads the tools of a node.
 * @throws Failure `configuration` that names the tool and what is wrong with it
 */
export function readTools(value: unknown): Map<string, Tool> {
  const tools = new Map<string, Tool>();
  let outputs = 0;
  for (const [at, config] of (Array.isArray(value) ? value : []).entries()) {
    const tool = readTool(isObject(config) ? config : {}, at);
    if (tools.has(tool.name))
      throw createToolFailure(`Two tools are called “${tool.name}”. Give each a name of its own.`);
    tools.set(tool.name, { ...tool, output: tool.link === undefined ? outputs++ : undefined });
  }
  return tools;
}

/**
 * The tools of a request and ours. Of one name, ours is the one.
 * @returns the list, and the names that were given twice and differently
 */
export function mergeTools(
  given: readonly unknown[],
  ours: ReadonlyMap<string, Tool>,
): { tools: unknown[]; replaced: string[] } {
  const replaced: string[] = [];
  const others = given.filter((definition) => {
    const own = ours.get(readToolName(definition) ?? "");
    if (own && JSON.stringify(definition) !== JSON.stringify(own.definition)) replaced.push(own.name);
    return !own;
  });
  return { tools: [...others, ...[...ours.values()].map(({ definition }) => definition)], replaced };
}

function readTool(config: ToolConfig, at: number): Omit<Tool, "output"> {
  const { description, link } = config;
  const name = typeof config.name === "string" ? config.name.trim() : "";
  if (name === "") throw createToolFailure(`Tool ${at + 1} has no name.`);
  if (!NAME.test(name)) {
    throw createToolFailure(
      `The tool name “${name.slice(0, 80)}” is not possible: up to 64 letters, digits, - and _ are allowed.`,
    );
  }
  const given = readParameters(name, config.parameters);
  // Without arguments there is no schema to get wrong, but for a strict service.
  const parameters =
    given === NO_ARGUMENTS && config.strict === true ? { ...given, additionalProperties: false } : given;
  const said: Record<string, unknown> = { name };
  if (typeof description === "string" && description.trim() !== "") said["description"] = description;
  said["parameters"] = parameters;
  if (config.strict === true) said["strict"] = true;
  return {
    name,
    definition: { type: "function", function: said },
    check: compileParameters(name, parameters),
    link: typeof link === "string" && link !== "" ? link : undefined,
  };
}

function readParameters(name: string, given: unknown): Record<string, unknown> {
  if (given === undefined || given === null) return NO_ARGUMENTS;
  if (typeof given === "string" && given.trim() === "") return NO_ARGUMENTS;
  const schema = typeof given === "string" ? tryParseJson(given) : given;
  if (!isObject(schema))
    throw createToolFailure(`The parameters of the tool “${name}” are not a JSON object.`);
  return schema;
}

function compileParameters(name: string, parameters: Record<string, unknown>): SchemaCheck {
  try {
    return compileSchema(parameters);
  } catch (thrown) {
    throw createToolFailure(`The parameters of the tool “${name}”: ${(thrown as Error).message}`);
  }
}

function createToolFailure(text: string): Failure {
  return new Failure("configuration", text);
}
