import { createInvalidFieldError } from "../errors.js";
import { type DemoFields, isFields } from "../json.js";
import type { DemoPrompt, DemoTool } from "../prompt.js";

/**
 * Reads the definition of a function.
 *
 * @param path of the definition in the request
 * @throws DemoError 400 that names what is wrong
 */
export function readTool(definition: DemoFields, path: string): DemoTool {
  const { name, description } = definition;
  if (typeof name !== "string" || !/^[a-zA-Z0-9_-]{1,64}$/.test(name)) {
    const problem = "expected a string that matches the pattern '^[a-zA-Z0-9_-]{1,64}$'.";
    throw createInvalidFieldError(`${path}.name`, problem);
  }
  const parameters = definition["parameters"] ?? undefined;
  if (parameters !== undefined && !isFields(parameters)) {
    const problem = `the schema of function '${name}' must be an object.`;
    throw createInvalidFieldError(`${path}.parameters`, problem, "invalid_function_parameters");
  }
  return { name, description: typeof description === "string" ? description : "", parameters };
}

/**
 * Reads `tool_choice`.
 *
 * @param findName finds the name of the function in a choice that is not a word
 * @throws DemoError 400 if it is no choice among the tools
 */
export function readToolChoice(
  choice: unknown,
  tools: readonly DemoTool[],
  findName: (choice: DemoFields) => unknown,
): DemoPrompt["choice"] {
  if (choice === undefined) return "auto";
  if (tools.length === 0)
    throw createInvalidFieldError("tool_choice", "only allowed when 'tools' are specified.");
  if (choice === "none" || choice === "auto" || choice === "required") return choice;
  const name = isFields(choice) ? findName(choice) : undefined;
  const tool = tools.find((one) => one.name === name);
  if (tool) return { name: tool.name };
  throw createInvalidFieldError(
    "tool_choice",
    "expected 'none', 'auto', 'required' or a function among 'tools'.",
  );
}
