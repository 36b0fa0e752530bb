import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

const ROOT = join(__dirname, "../..");

/** One import or re-export statement. */
export interface ImportStatement {
  /** The importing file, from the root. */
  from: string;
  /** The module as it is written. */
  to: string;
  /** Whether it imports types alone. */
  typeOnly: boolean;
}

/** @returns the files below a folder, from the root, without what is installed or hidden */
export function filesBelow(folder: string, extension = /\.ts$/): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return /node_modules|^\./.test(entry.name) ? [] : filesBelow(path, extension);
    return extension.test(entry.name) ? [path] : [];
  });
}

export function readSource(file: string): string {
  return readFileSync(join(ROOT, file), "utf8");
}

/** @returns the source without comments and without the contents of strings, so that words in them are not code */
export function readCode(file: string): string {
  return readSource(file)
    .replace(/\/\*[\s\S]*?\*\/|(?<![:"'`\\])\/\/.*$/gm, "")
    .replace(/"(?:[^"\\\n]|\\.)*"/g, '""');
}

const STATEMENT =
  /^\s*(?:import|export)\s+(type\s)?(?:[^"';]*?\sfrom\s+)?"([^"]+)"|\b(?:require|import)\(\s*"([^"]+)"\s*\)/gm;

export function readImports(file: string): ImportStatement[] {
  return [...readSource(file).matchAll(STATEMENT)].map((match) => {
    const to = match[2] ?? match[3]!;
    const named = /\{([^}]*)\}/.exec(match[0])?.[1]?.split(",") ?? [];
    const allTypes = named.length > 0 && named.every((name) => /^\s*(type\s|$)/.test(name));
    return { from: file, to, typeOnly: match[1] !== undefined || (match[3] === undefined && allTypes) };
  });
}

/** @returns the file that a relative import names, from the root */
export function resolveImport({ from, to }: ImportStatement): string {
  return relative(ROOT, join(ROOT, dirname(from), to.replace(/\.js$/, ".ts")));
}

const EXPORT = /^export (?:async )?(?:const|function\*?|class|interface|type|enum) (\w+)/gm;

/** @returns the names that a file declares and exports */
export function readExports(file: string): string[] {
  return [...readSource(file).matchAll(EXPORT)].map((match) => match[1]!);
}

/**
 * Finds circles in a directed graph.
 * @returns each circle once, as the nodes along it
 */
export function findCircles(edges: Iterable<readonly [string, string]>): string[][] {
  const next = new Map<string, Set<string>>();
  for (const [from, to] of edges) {
    if (!next.has(from)) next.set(from, new Set());
    if (from !== to) next.get(from)!.add(to);
  }
  const circles: string[][] = [];
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (node: string): void => {
    const start = path.indexOf(node);
    if (start >= 0) circles.push([...path.slice(start), node]);
    if (start >= 0 || done.has(node)) return;
    path.push(node);
    for (const target of next.get(node) ?? []) visit(target);
    path.pop();
    done.add(node);
  };
  for (const node of next.keys()) visit(node);
  return circles;
}
