import { isObject } from "../json/parse.js";

/** What services take for a name (OpenAI's reference of `tools.function.name`). */
export const NAME = /^[A-Za-z0-9_-]{1,64}$/;

/** The name of a tool as a request has it; undefined for what is no function (a service's own tool). */
export function readToolName(definition: unknown): string | undefined {
  const said = isObject(definition) ? definition["function"] : undefined;
  return isObject(said) && typeof said["name"] === "string" ? said["name"] : undefined;
}

/** Characters of a tool's name that are repeated to the model. */
const LONGEST_NAME = 64;

/** A tool's name as a model may read it back: whoever writes a megabyte of it need not get it all. */
export function quoteToolName(name: string): string {
  return `"${name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME)}…` : name}"`;
}
