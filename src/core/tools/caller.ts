import { isObject } from "../json/parse.js";

/**
 * Whether a tool was called by a program that the model wrote, and not by the model (`caller` of a call in Responses, openai
 * 7.59, "programmatic tool calling"). The call and its result go back with it.
 */
export function isProgram(caller: unknown): boolean {
  return isObject(caller) && caller["type"] === "program";
}
