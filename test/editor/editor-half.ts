import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createContext, runInContext } from "node:vm";
import ts from "typescript";
import { root } from "../support/runtime/node-red-process.js";

/** Every stem that has an editor half. */
export const STEMS: readonly string[] = readdirSync(join(root, "nodes"))
  .filter((file) => /^[^.]+\.editor\.ts$/.test(file))
  .map((file) => file.replace(".editor.ts", ""));

/** The first is what the others are measured by. */
export const LANGUAGES: readonly string[] = ["en-US", "de"];

/** Words of a catalogue: nested, or a sentence at the end of a path. */
export type Words = { [key: string]: Words | string };

export interface PropertyDefinition {
  value: unknown;
  type?: string;
  required?: boolean;
  validate?(this: object, value: unknown, options: object): true | string | string[];
}

/** What an editor half registers. */
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

/** A text of the package by its path from the root. */
export function read(...path: string[]): string {
  return readFileSync(join(root, ...path), "utf8");
}

export function names(...path: string[]): string[] {
  return readdirSync(join(root, ...path));
}

export function wordsOf(stem: string, language: string): Words {
  return JSON.parse(read("nodes", "locales", language, `${stem}.json`)) as Words;
}

/** The sentence at a path of keys, or undefined. */
export function lookUp(words: Words, path: string): string | undefined {
  let here: Words | string | undefined = words;
  for (const key of path.split(".")) here = typeof here === "object" ? here[key] : undefined;
  return typeof here === "string" ? here : undefined;
}

/** All paths of a catalogue that lead to a sentence. */
export function pathsOf(words: Words, before = ""): string[] {
  return Object.entries(words).flatMap(([key, value]) =>
    typeof value === "string" ? [before + key] : pathsOf(value, `${before}${key}.`),
  );
}

/** The source of an editor half: its parts, then itself. */
export function sourceOf(stem: string): string {
  const own = names("nodes").filter((file) => file.startsWith(`${stem}.`) && file.endsWith(".editor.ts"));
  return [...own.filter((file) => file !== `${stem}.editor.ts`).sort(), `${stem}.editor.ts`]
    .map((file) => read("nodes", file))
    .join("\n");
}

const scripts = new Map<string, string>();

/** The script as the build makes it. */
export function scriptOf(stem: string): string {
  const known = scripts.get(stem);
  if (known !== undefined) return known;
  const { outputText } = ts.transpileModule(sourceOf(stem), {
    compilerOptions: { target: ts.ScriptTarget.ES2020, module: ts.ModuleKind.ES2020 },
  });
  scripts.set(stem, outputText);
  return outputText;
}

/**
 * Runs an editor half without a browser. Fields of the dialog have the given values; where there are none, it is as
 * without a dialog, when the editor judges a flow that was loaded.
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
      fn: {},
      extend: (parts: object) => Object.assign($, parts),
      getJSON: async (address: string) => answers(address) ?? Promise.reject(new Error("no runtime")),
    },
  );
  const RED = {
    // The words of one of our sets go by its name, those of the editor do not.
    _: (key: string, given?: Record<string, unknown>) => {
      const [, set, path] = /^@deltaflow\/node-red-chat-stream\/([\w-]+):(.+)$/.exec(key) ?? [];
      return set && path ? said(wordsOf(set, "en-US"), path, given) : key;
    },
    nodes: {
      registerType: (type: string, definition: Definition) => {
        registered = { type, definition };
      },
      node: (id: string) => [...editor.nodes, ...editor.configs].find((node) => node.id === id),
      eachConfig: (visit: (node: object) => void) => editor.configs.forEach(visit),
    },
    events: { on: (event: string, react: (node: object) => void) => reactions.push([event, react]) },
    editor: { validateNode: ({ id }: { id: string }) => editor.judged.push(id) },
    view: { redraw: () => {} },
  };
  const reactions: [string, (node: object) => void][] = [];
  const timers: (() => void)[] = [];
  const editor = {
    /** The config nodes that it has. */
    configs: [] as { id?: string }[],
    /** Its other nodes. */
    nodes: [] as { id?: string; type?: string }[],
    /** The nodes that it was asked to judge, by their ids. */
    judged: [] as string[],
    tell(event: string, node: object = {}) {
      for (const [on, react] of reactions) if (on === event) react(node);
    },
    /** Lets everything happen that is on its way. */
    async settle() {
      for (let rounds = 0; rounds < 4; rounds++) {
        for (const run of timers.splice(0)) run();
        await new Promise(setImmediate);
      }
    },
  };
  const context = createContext({ RED, $, URL, setTimeout: (run: () => void) => timers.push(run) });
  const before = Object.keys(context);
  // Its parts serve the others too.
  if (stem !== "chat-provider") runInContext(scriptOf("chat-provider"), context);
  runInContext(scriptOf(stem), context);
  const leaked = Object.keys(context).filter((name) => !before.includes(name));
  return { ...registered!, leaked, editor };
}

/** A node in the editor, with the words of a language. */
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
    _: (path: string, given?: Record<string, unknown>) => said(words, path, given),
    ...values,
    ...properties,
  };
}

/** A sentence with its blanks filled, or the path where there is none. */
function said(words: Words, path: string, given: Record<string, unknown> = {}): string {
  const sentence = lookUp(words, path) ?? path;
  return sentence.replace(/__(\w+?)__/g, (_all, name: string) => String(given[name]));
}
