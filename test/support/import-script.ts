import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { ROOT } from "./root.js";

/** Loads a file of scripts/, which has no types of its own; the caller says what it exports. */
export function importScript<Exports>(name: string): Promise<Exports> {
  return import(pathToFileURL(join(ROOT, "scripts", name)).href) as Promise<Exports>;
}
