import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { ROOT } from "./root.js";

/** One import or re-export statement. */
export interface ImportStatement {
  /** The path of the importing file, relative to the root. */
  from: string;
  /** The module specifier as it is written. */
  to: string;
  /** Whether it imports only types. */
  typeOnly: boolean;
}

/** Lists the files below a folder, without installed and hidden ones. @returns paths relative to the root */
export function listFiles(folder: string, extension = /\.ts$/): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return /node_modules|^\./.test(entry.name) ? [] : listFiles(path, extension);
    return extension.test(entry.name) ? [path] : [];
  });
}

/** Reads a file. @param file path relative to the root */
export function readSource(file: string): string {
  return readFileSync(join(ROOT, file), "utf8");
}

/** Reads a file without its comments and the contents of its strings, so that only code is left. */
export function readCode(file: string): string {
  return readSource(file)
    .replace(/\/\*[\s\S]*?\*\/|(?<![:"'`\\])\/\/.*$/gm, "")
    .replace(/"(?:[^"\\\n]|\\.)*"/g, '""');
}

/** An import or re-export statement, or a call of `require` or `import`. A script of a page names types as `import("…").T`. */
const STATEMENT =
  /^\s*(?:import|export)\s+(type\s)?(?:[^"';]*?\sfrom\s+)?"([^"]+)"|(\btype \w+ = )?\b(?:require|import)\(\s*"([^"]+)"\s*\)/gm;

/** Reads the import and re-export statements of a file. */
export function readImports(file: string): ImportStatement[] {
  return [...readSource(file).matchAll(STATEMENT)].map((match) => {
    const [statement, ofTypes, from, asType, called] = match;
    const to = from ?? called!;
    const named = /\{([^}]*)\}/.exec(statement)?.[1]?.split(",") ?? [];
    const allTypes = named.length > 0 && named.every((name) => /^\s*(type\s|$)/.test(name));
    const isType = (ofTypes ?? asType) !== undefined || (called === undefined && allTypes);
    return { from: file, to, typeOnly: isType };
  });
}

/** Resolves a relative import. @returns the path of the file, relative to the root */
export function resolveImport({ from, to }: ImportStatement): string {
  return relative(ROOT, join(ROOT, dirname(from), to.replace(/\.js$/, ".ts")));
}

const EXPORT = /^export (?:async )?(?:const|function\*?|class|interface|type|enum) (\w+)/gm;

/** Reads the names that a file declares and exports. */
export function readExports(file: string): string[] {
  return [...readSource(file).matchAll(EXPORT)].map((match) => match[1]!);
}

/** Finds the circles of a directed graph. @returns the nodes along each circle */
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
