import type { ToolCall } from "../chat/chunk.js";
import { isObject } from "../json/parse.js";
import { compileSchema, type SchemaCheck } from "../json/schema.js";
import { readArguments } from "./arguments.js";
import { nameOf, type Tool } from "./definitions.js";
import { quotedName } from "./result.js";
import type { CallOutcome } from "./round.js";

/** What is to be done with a call: to have it run, or to tell the model why it is not. */
export type Verdict =
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
): Verdict {
  const { name } = call.function;
  const tool = ours.get(name);
  const other = tool ? undefined : given?.find((definition) => nameOf(definition) === name);
  if (!tool && (other === undefined || name === "")) {
    return { told: `There is no tool ${quotedName(name)}.`, outcome: "unknown" };
  }
  const read = readArguments(call.function.arguments, tool ? tool.check : checkOf(other));
  return "wrong" in read ? { told: read.wrong, outcome: "refused" } : { arguments: read.value, tool };
}

/** A schema that cannot be used is no fault of the model: whoever gets the call looks at its arguments himself. */
function checkOf(definition: unknown): SchemaCheck | undefined {
  const said = isObject(definition) ? definition["function"] : undefined;
  if (!isObject(said) || said["parameters"] === undefined) return undefined;
  try {
    return compileSchema(said["parameters"]);
  } catch {
    return undefined;
  }
}
