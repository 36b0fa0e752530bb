import type { ToolCall } from "../chat/chunk.js";
import { isObject } from "../json/parse.js";
import { compileSchema, type SchemaCheck } from "../json/schema.js";
import { readArguments } from "./arguments.js";
import type { Tool } from "./definitions.js";
import { quoteToolName, readToolName } from "./name.js";
import type { CallOutcome } from "./round.js";

/** What is to be done with a call: to have it run, or to tell the model why it is not. */
export type CheckedCall =
  | { arguments: Record<string, unknown>; tool: Tool | undefined }
  | { told: string; outcome: CallOutcome };

/**
 * Decides about a call.
 * @param ours the node's own tools
 * @param given the tools of the request; undefined where calls of others are not wanted
 */
export function checkCall(
  call: ToolCall,
  ours: ReadonlyMap<string, Tool>,
  given: readonly unknown[] | undefined,
): CheckedCall {
  const { name } = call.function;
  const tool = ours.get(name);
  const other = tool ? undefined : given?.find((definition) => readToolName(definition) === name);
  if (!tool && (other === undefined || name === "")) {
    return { told: `There is no tool ${quoteToolName(name)}.`, outcome: "unknown" };
  }
  const read = readArguments(call.function.arguments, tool ? tool.check : compileOwnSchema(other));
  return "wrong" in read ? { told: read.wrong, outcome: "refused" } : { arguments: read.value, tool };
}

/** A schema that cannot be used is no fault of the model: whoever gets the call looks at its arguments himself. */
function compileOwnSchema(definition: unknown): SchemaCheck | undefined {
  const said = isObject(definition) ? definition["function"] : undefined;
  if (!isObject(said) || said["parameters"] === undefined) return undefined;
  try {
    return compileSchema(said["parameters"]);
  } catch {
    return undefined;
  }
}
