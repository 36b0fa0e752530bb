import { existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, sep } from "node:path";
import { ROOT } from "../root.js";
import type { Red } from "./node-red-api.js";

const require_ = createRequire(__filename);

const MANIFEST = require_(join(ROOT, "package.json")) as {
  "node-red": { nodes: Record<string, string>; plugins: Record<string, string> };
};

/** The node types of this package. */
export const NODE_TYPES = Object.keys(MANIFEST["node-red"].nodes);

/** The plugins of this package for the editor. */
const PLUGINS = Object.keys(MANIFEST["node-red"].plugins);

/** The npm package with the Node-RED of this leg of the tests. */
export const NODE_RED = process.env["NODE_RED"] === "5" ? "node-red" : "node-red-4";

/** Resolves a file of that Node-RED's own modules, such as `@node-red/nodes/core/common/20-inject.js`. */
export function resolveCoreFile(path: string): string {
  return createRequire(require_.resolve(`${NODE_RED}/package.json`)).resolve(path);
}

/** The part of an Express application that the tests use. */
export interface WebApp {
  (request: unknown, response: unknown): void;
  use(path: string, handler: unknown): void;
}

/** Creates an application of the Express that Node-RED brings. */
export function createWebApp(): WebApp {
  const load = createRequire(require_.resolve(`${NODE_RED}/package.json`));
  return (load("express") as () => WebApp)();
}

/** Installs this package into a user directory, with the sources as its nodes. */
export function installPackage(userDir: string): void {
  const folder = join(userDir, "node_modules", "@deltaflow", "node-red-chat-stream");
  mkdirSync(join(folder, "nodes"), { recursive: true });
  writeFileSync(
    join(folder, "package.json"),
    JSON.stringify({
      name: "@deltaflow/node-red-chat-stream",
      version: "0.0.0",
      "node-red": { nodes: listFiles(NODE_TYPES), plugins: listFiles(PLUGINS) },
    }),
  );
  for (const type of [...NODE_TYPES, ...PLUGINS]) {
    const source = JSON.stringify(join(ROOT, "nodes", `${type}.ts`));
    writeFileSync(join(folder, "nodes", `${type}.js`), `module.exports = require(${source});\n`);
    writeFileSync(join(folder, "nodes", `${type}.html`), `<script data-template-name="${type}"></script>\n`);
  }
  const locales = join(folder, "nodes", "locales");
  if (!existsSync(locales)) symlinkSync(join(ROOT, "nodes", "locales"), locales);
}

function listFiles(stems: readonly string[]): Record<string, string> {
  return Object.fromEntries(stems.map((stem) => [stem, `nodes/${stem}.js`]));
}

/**
 * Loads fresh modules of Node-RED. Node-RED keeps its state in its modules, so that the same modules cannot run twice,
 * nor together with the test helper.
 */
export function loadFreshNodeRed(): Red {
  const { cache } = require_;
  for (const file of Object.keys(cache)) {
    if (file.includes(`${sep}@node-red${sep}`) || file.includes(`${sep}${NODE_RED}${sep}lib${sep}`))
      delete cache[file];
  }
  return require_(NODE_RED) as Red;
}
