import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createContext, runInContext } from "node:vm";
import ts from "typescript";
import { root } from "../support/node-red-process.js";

/** Every stem that has an editor half. */
export const STEMS: readonly string[] = readdirSync(join(root, "nodes"))
  .filter((file) => file.endsWith(".editor.ts"))
  .map((file) => file.replace(".editor.ts", ""));

/** The first is what the others are measured by. */
export const LANGUAGES: readonly string[] = ["en-US", "de"];

/** Words of a catalogue: nested, or a sentence at the end of a path. */
export type Words = { [key: string]: Words | string };

export interface PropertyDefinition {
  value: unknown;
  type?: string;
  required?: boolean;
  validate?(this: object, value: unknown, options: object): true | string;
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

const scripts = new Map<string, string>();

/** The script as the build makes it. */
export function scriptOf(stem: string): string {
  const known = scripts.get(stem);
  if (known !== undefined) return known;
  const { outputText } = ts.transpileModule(read("nodes", `${stem}.editor.ts`), {
    compilerOptions: { target: ts.ScriptTarget.ES2020, module: ts.ModuleKind.ES2020 },
  });
  scripts.set(stem, outputText);
  return outputText;
}

/**
 * Runs an editor half without a browser. Fields of the dialog have the given values; where there are none, it is as
 * without a dialog, when the editor judges a flow that was loaded.
 */
export function load(stem: string, fields: Record<string, string> = {}) {
  let registered: { type: string; definition: Definition } | undefined;
  const $ = (selector: string) => ({
    length: selector in fields ? 1 : 0,
    val: () => fields[selector],
  });
  const RED = {
    _: (key: string) => key,
    nodes: {
      registerType: (type: string, definition: Definition) => {
        registered = { type, definition };
      },
      node: () => undefined,
    },
  };
  const context = createContext({ RED, $, URL, setTimeout });
  const before = Object.keys(context);
  runInContext(scriptOf(stem), context);
  const leaked = Object.keys(context).filter((name) => !before.includes(name));
  return { ...registered!, leaked };
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
    _: (path: string, given: Record<string, unknown> = {}) => {
      const sentence = lookUp(words, path) ?? path;
      return sentence.replace(/__(\w+?)__/g, (_all, name: string) => String(given[name]));
    },
    ...values,
    ...properties,
  };
}
