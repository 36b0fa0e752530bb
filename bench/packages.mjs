/**
 * The package's own dependencies, loaded from the root of the repository. The plain loop must run on the same undici
 * and eventsource-parser as the package; the SDKs installed others beside this file.
 */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const requireFromRoot = createRequire(new URL("../package.json", import.meta.url));

export const { createParser } = requireFromRoot("eventsource-parser");
export const { Agent, request } = requireFromRoot("undici");

/** @returns the path of a file of the built package */
export function resolveBuilt(path) {
  return fileURLToPath(new URL(`../dist/${path}`, import.meta.url));
}

/** What a client needs is not there. Its rows are left out of the tables, and the message says why. */
export class UnavailableError extends Error {}

/**
 * Loads a function of the package's core, as built.
 * @throws UnavailableError if the core is not built or does not export the function
 */
export function loadCoreFunction(name) {
  const path = resolveBuilt("src/index.js");
  if (!existsSync(path))
    throw new UnavailableError("dist/src/index.js is missing; build the package first: npm run build");
  const module = requireFromRoot(path);
  if (typeof module[name] !== "function")
    throw new UnavailableError(`dist/src/index.js does not export ${name}()`);
  return module[name];
}

/** Loads the runtime of Node-RED 5. */
export function loadNodeRed() {
  return requireFromRoot("node-red");
}
