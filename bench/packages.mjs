/**
 * The package's own dependencies, from the root install: the plain loop must run on the same undici and the same
 * eventsource-parser as the package, and a peer has brought another one into this directory.
 */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const fromRoot = createRequire(new URL("../package.json", import.meta.url));

export const { createParser } = fromRoot("eventsource-parser");
export const { Agent, request } = fromRoot("undici");

/** A file of the built package. */
export function built(path) {
  return fileURLToPath(new URL(`../dist/${path}`, import.meta.url));
}

/** What a client throws when what it measures is not there: its rows are left out, with this reason. */
export class Unavailable extends Error {}

/** The package's core as built, with the function that the caller needs. */
export function core(name) {
  const path = built("src/index.js");
  if (!existsSync(path)) throw new Unavailable("the package is not built: dist/src/index.js is missing");
  const module = fromRoot(path);
  if (typeof module[name] !== "function") throw new Unavailable(`dist/src/index.js has no ${name}()`);
  return module[name];
}

/** Node-RED 5's runtime. */
export function nodeRed() {
  return fromRoot("node-red");
}
