import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { ROOT } from "./root.js";

/** Imports a file of `scripts/`. It has no types, so the caller states what it exports. */
export function importScript<Exports>(name: string): Promise<Exports> {
  return import(pathToFileURL(join(ROOT, "scripts", name)).href) as Promise<Exports>;
}
