import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createContext, runInContext } from "node:vm";
import { buildEditorScript, listEditorSources } from "../../scripts/editor-script.cjs";
import { ROOT } from "../support/root.js";

/** The stems of the plugins, which have an editor half, too, but are no nodes. */
export const PLUGINS: readonly string[] = Object.keys(
  (JSON.parse(read("package.json")) as { "node-red": { plugins: object } })["node-red"].plugins,
);

/** The stems of all nodes: each has an editor half. */
export const STEMS: readonly string[] = readdirSync(join(ROOT, "nodes"))
  .filter((file) => /^[^.]+\.editor\.ts$/.test(file))
  .map((file) => file.replace(".editor.ts", ""))
  .filter((stem) => !PLUGINS.includes(stem));

/** The languages of the catalogues. The others are compared with the first. */
export const LANGUAGES: readonly string[] = ["en-US", "de"];

/** The texts of a catalogue: more of them under a key, or one. */
export type Words = { [key: string]: Words | string };

export interface PropertyDefinition {
  value: unknown;
  type?: string;
  required?: boolean;
  validate?(this: object, value: unknown, options: object): true | string | string[];
}

/** The definition of a node type, as an editor half registers it. */
export interface Definition {
  category: string;
  color?: string;
  icon?: string;
  inputs?: number;
  outputs?: number;
  paletteLabel: string;
  defaults: Record<string, PropertyDefinition>;
  credentials?: Record<string, { type: string; validate?: PropertyDefinition["validate"] }>;
  label(this: object): string;
  inputLabels?(this: object, index: number): string;
  outputLabels?(this: object, index: number): string | undefined;
}

/** @returns the text of a file, whose path is given from the root */
export function read(...path: string[]): string {
  return readFileSync(join(ROOT, ...path), "utf8");
}

/** @returns the names of the files in a folder, whose path is given from the root */
export function names(...path: string[]): string[] {
  return readdirSync(join(ROOT, ...path));
}

/** @returns the catalogue of a node */
export function wordsOf(stem: string, language: string): Words {
  return JSON.parse(read("nodes", "locales", language, `${stem}.json`)) as Words;
}

/** @returns the text at a path of keys, or undefined */
export function lookUp(words: Words, path: string): string | undefined {
  let here: Words | string | undefined = words;
  for (const key of path.split(".")) here = typeof here === "object" ? here[key] : undefined;
  return typeof here === "string" ? here : undefined;
}

/** @returns the paths of all texts in a catalogue */
export function pathsOf(words: Words, before = ""): string[] {
  return Object.entries(words).flatMap(([key, value]) =>
    typeof value === "string" ? [before + key] : pathsOf(value, `${before}${key}.`),
  );
}

/** @returns the source of the script in a node's page: the shared parts, those of the node, then the node itself */
export function sourceOf(stem: string): string {
  return listEditorSources(scriptFile(stem))
    .map((file) => readFileSync(file, "utf8").replace(/^\/\/\/.*$/gm, ""))
    .join("\n");
}

const scripts = new Map<string, string>();

/** @returns the script in a node's page, as the build makes it */
export function scriptOf(stem: string): string {
  const script = scripts.get(stem) ?? buildEditorScript(scriptFile(stem));
  scripts.set(stem, script);
  return script;
}

function scriptFile(stem: string): string {
  return join(ROOT, "nodes", `${stem}.editor.ts`);
}

/**
 * Runs the script of a node's page without a browser.
 * @param fields values of the dialog's fields by their selectors; without any, no dialog is open
 * @param answers what the runtime answers at an address; undefined: the request fails
 */
export function load(
  stem: string,
  fields: Record<string, string> = {},
  answers: (address: string) => unknown = () => undefined,
) {
  let registered: { type: string; definition: Definition } | undefined;
  const $ = Object.assign(
    (selector: string) => ({
      length: selector in fields ? 1 : 0,
      val: () => fields[selector],
    }),
    {
      getJSON: async (address: string) => answers(address) ?? Promise.reject(new Error("no runtime")),
    },
  );
  const RED = {
    // Keys of this package name their set. Keys of the editor itself stay as they are.
    _: (key: string, given?: Record<string, unknown>) => {
      const [, set, path] = /^@deltaflow\/node-red-chat-stream\/([\w-]+):(.+)$/.exec(key) ?? [];
      return set && path ? fillBlanks(wordsOf(set, "en-US"), path, given) : key;
    },
    nodes: {
      registerType: (type: string, definition: Definition) => {
        registered = { type, definition };
      },
      node: (id: string) => [...editor.nodes, ...editor.configs].find((node) => node.id === id),
      eachConfig: (visit: (node: object) => void) => editor.configs.forEach(visit),
      filterNodes: ({ type }: { type: string }) => editor.nodes.filter((node) => node.type === type),
    },
    events: { on: (event: string, react: (node: object) => void) => reactions.push([event, react]) },
    editor: { validateNode: ({ id }: { id: string }) => editor.validated.push(id) },
    view: { redraw: () => {} },
  };
  const reactions: [string, (node: object) => void][] = [];
  const timers: (() => void)[] = [];
  const editor = {
    /** The config nodes in the editor. */
    configs: [] as { id?: string }[],
    /** The other nodes in the editor. */
    nodes: [] as { id?: string; type?: string }[],
    /** Ids of the nodes that it was asked to validate. */
    validated: [] as string[],
    /** Triggers an event of the editor. */
    emit(event: string, node: object = {}) {
      for (const [on, react] of reactions) if (on === event) react(node);
    },
    /** Waits until all timers and requests are done. */
    async settle() {
      for (let rounds = 0; rounds < 4; rounds++) {
        for (const run of timers.splice(0)) run();
        await new Promise(setImmediate);
      }
    },
  };
  const context = createContext({ RED, $, URL, setTimeout: (run: () => void) => timers.push(run) });
  const before = Object.keys(context);
  runInContext(scriptOf(stem), context);
  const leaked = Object.keys(context).filter((name) => !before.includes(name));
  return { ...registered!, leaked, editor };
}

/** @returns a node in the editor, with the texts of a language */
export function nodeOf(
  stem: string,
  definition: Definition,
  properties: object = {},
  language = "en-US",
): object {
  const words = wordsOf(stem, language);
  const values = Object.fromEntries(
    Object.entries(definition.defaults).map(([key, { value }]) => [key, value]),
  );
  return {
    id: "n1",
    type: stem,
    _def: definition,
    _: (path: string, given?: Record<string, unknown>) => fillBlanks(words, path, given),
    ...values,
    ...properties,
  };
}

/** @returns the text at a path with its blanks filled, or the default or the path if there is no text */
function fillBlanks(words: Words, path: string, given: Record<string, unknown> = {}): string {
  const sentence = lookUp(words, path) ?? String(given["defaultValue"] ?? path);
  return sentence.replace(/__(\w+?)__/g, (_all, name: string) => String(given[name]));
}
