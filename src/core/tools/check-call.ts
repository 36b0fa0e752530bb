import type { ToolCall } from "../chat/chunk.js";
import { compileSchema, type SchemaCheck } from "../json/schema.js";
import { readArguments } from "./arguments.js";
import type { Tool } from "./definitions.js";
import { flattenTools, quoteToolName, readCalledName, readFunction, readToolName } from "./name.js";
import type { CallOutcome } from "./round.js";

/**
 * A tool call after the check. Either it may run: with its arguments, and the node's tool if it is one of them. Or it may
 * not: with a sentence for the model that says why.
 */
export type CheckedCall =
  | { arguments: Record<string, unknown>; tool: Tool | undefined }
  | { problem: string; outcome: CallOutcome };

/**
 * Checks a call of the model: whether its tool exists and its arguments fit.
 * @param ownTools the tools of the node, by name
 * @param requestTools the tools of the request, which the node's own outputs do not serve; undefined if calls of these are
 *   not allowed
 * @param usesRequestSchemas whether to check calls of these against their schemas, which came with a message
 */
export function checkCall(
  call: ToolCall,
  ownTools: ReadonlyMap<string, Tool>,
  requestTools: readonly unknown[] | undefined,
  usesRequestSchemas: boolean,
): CheckedCall {
  const name = readCalledName(call);
  const tool = ownTools.get(name);
  const other = tool
    ? undefined
    : flattenTools(requestTools ?? []).find((definition) => readToolName(definition) === name);
  if (!tool && (other === undefined || name === "")) {
    return { problem: `There is no tool ${quoteToolName(name)}.`, outcome: "unknown" };
  }
  // A custom tool takes any text, which becomes the only argument.
  if (call.custom && !tool) return { arguments: { input: call.custom.input }, tool };
  const text = call.function?.arguments ?? call.custom?.input ?? "";
  const requestCheck = usesRequestSchemas ? compileRequestSchema(other) : undefined;
  const read = readArguments(text, tool ? tool.check : requestCheck);
  return "problem" in read ? { ...read, outcome: "refused" } : { arguments: read.value, tool };
}

/**
 * Compiles the schema of a tool in a request. A schema that cannot be used is not the model's fault: the call is passed
 * on, and whoever receives it has to check the arguments.
 */
function compileRequestSchema(definition: unknown): SchemaCheck | undefined {
  const parameters = readFunction(definition)?.["parameters"];
  if (parameters === undefined) return undefined;
  try {
    return compileSchema(parameters);
  } catch {
    return undefined;
  }
}
