import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { runInNewContext } from "node:vm";
import { resolveCoreFile } from "../support/runtime/node-red-install.js";
import { findPackage } from "../support/runtime/node-red-process.js";

const ROOT = dirname(dirname(__dirname));
const BUILT_NODES = join(ROOT, "dist", "nodes");

/** What the editor's half of a node declares of its type. */
export interface NodeDefinition {
  category: string;
  defaults: Record<string, { type?: string; required?: boolean }>;
  inputs?: number;
  outputs?: number;
}

/** Reads the node types of core and of this package from the pages that the editor loads. */
export function readPalette(): Map<string, NodeDefinition> {
  const core = join(dirname(resolveCoreFile("@node-red/nodes/package.json")), "core");
  return readPages([...findPages(core), ...findPages(BUILT_NODES)]);
}

/** Reads the node types of another package that the tests have. */
export function readModuleTypes(name: string): Map<string, NodeDefinition> {
  return readPages(findPages(join(findPackage(name), "nodes")));
}

function readPages(files: readonly string[]): Map<string, NodeDefinition> {
  const palette = new Map<string, NodeDefinition>();
  for (const file of files) {
    for (const script of extractScripts(readFileSync(file, "utf8"))) {
      runInNewContext(
        script,
        createEditorStub((type, definition) => palette.set(type, definition)),
        { filename: file },
      );
    }
  }
  return palette;
}

function findPages(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return name === "locales" ? [] : findPages(path);
    return name.endsWith(".html") ? [path] : [];
  });
}

function extractScripts(page: string): string[] {
  return [...page.matchAll(/<script type="text\/javascript">([\s\S]*?)<\/script>/g)].map(
    ([, script]) => script!,
  );
}

/** Creates a stub of the browser for scripts that only register their types. */
function createEditorStub(register: (type: string, definition: NodeDefinition) => void): object {
  const anything: unknown = new Proxy(() => anything, {
    get: (_target, key) => (key === Symbol.toPrimitive ? () => "" : anything),
    apply: () => anything,
    construct: () => anything as object,
  });
  const RED = new Proxy({ nodes: { registerType: register } } as Record<string, unknown>, {
    get: (target, key) => target[String(key)] ?? anything,
  });
  return { RED, $: anything, jQuery: anything, window: anything, document: anything, console };
}
