import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

const ROOT = join(__dirname, "..");

/** Where a file belongs, by its path; the first that fits. */
const LAYERS: readonly (readonly [RegExp, string])[] = [
  [/^nodes\/(editor\/|.*\.editor\.ts$)/, "editor"],
  [/^nodes\//, "nodes"],
  [/^src\/node-red\//, "node-red"],
  [/^src\/(core|dialects|providers|transport|demo)\//, "$1"],
  [/^src\/[^/]+$/, "stream"],
  [/^(test|bench|scripts|examples)\//, "$1"],
];

/** What each layer may import of ours, beside itself. The demo server stands for a stranger's: it knows nobody. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  nodes: ["node-red"],
  "node-red": ["stream", "transport", "providers", "dialects", "demo", "core"],
  stream: ["transport", "providers", "dialects", "demo", "core"],
  transport: ["core"],
  providers: ["core"],
  dialects: ["core"],
  demo: [],
  core: [],
  editor: [],
};

/** What each layer may import of others. */
const MAY_REQUIRE: Readonly<Record<string, RegExp>> = {
  nodes: /^$/,
  "node-red": /^node:/,
  stream: /^node:crypto$/,
  transport: /^(undici|eventsource-parser|node:)/,
  providers: /^$/,
  dialects: /^$/,
  demo: /^node:/,
  core: /^ajv/,
  editor: /^$/,
};

interface Import {
  from: string;
  to: string;
  typeOnly: boolean;
}

function filesBelow(directory: string, extension = /\.ts$/): string[] {
  return readdirSync(join(ROOT, directory), { withFileTypes: true }).flatMap((entry) => {
    const path = `${directory}/${entry.name}`;
    if (entry.isDirectory()) return /node_modules|^\./.test(entry.name) ? [] : filesBelow(path, extension);
    return extension.test(entry.name) ? [path] : [];
  });
}

/** The source without comments and without what stands in quotes, so that words in them are no code. */
function codeOf(file: string): string {
  return readFileSync(join(ROOT, file), "utf8")
    .replace(/\/\*[\s\S]*?\*\/|(?<![:"'`\\])\/\/.*$/gm, "")
    .replace(/"(?:[^"\\\n]|\\.)*"/g, '""');
}

function layerOf(file: string): string {
  const [pattern, name] = LAYERS.find(([place]) => place.test(file)) ?? [/^/, "elsewhere"];
  return file.replace(new RegExp(`${pattern.source}.*`), name);
}

const STATEMENT =
  /^\s*(?:import|export)\s+(type\s)?(?:[^"';]*?\sfrom\s+)?"([^"]+)"|\b(?:require|import)\(\s*"([^"]+)"\s*\)/gm;

function importsOf(file: string): Import[] {
  const source = readFileSync(join(ROOT, file), "utf8");
  return [...source.matchAll(STATEMENT)].map((match) => {
    const to = match[2] ?? match[3]!;
    const named = /\{([^}]*)\}/.exec(match[0])?.[1]?.split(",") ?? [];
    const allTypes = named.length > 0 && named.every((name) => /^\s*(type\s|$)/.test(name));
    return { from: file, to, typeOnly: match[1] !== undefined || (match[3] === undefined && allTypes) };
  });
}

const SOURCES = [...filesBelow("src"), ...filesBelow("nodes")];
const IMPORTS = SOURCES.flatMap(importsOf);

/** The file that a relative import means, from the root. */
function target({ from, to }: Import): string {
  return relative(ROOT, join(ROOT, dirname(from), to.replace(/\.js$/, ".ts")));
}

const told = ({ from, to }: Import) => `${from} imports ${to}`;

describe("The house", () => {
  it("has a layer for each file", () => {
    assert.ok(SOURCES.length > 60);
    assert.deepEqual(
      SOURCES.filter((file) => !(layerOf(file) in MAY_IMPORT)),
      [],
    );
  });

  it("has imports in one direction: nodes, node-red, stream, then transport, providers and dialects, then core", () => {
    const wrong = IMPORTS.filter((statement) => {
      if (!statement.to.startsWith(".")) return false;
      const [from, to] = [layerOf(statement.from), layerOf(target(statement))];
      if (from === "editor") return !statement.typeOnly;
      return from !== to && !MAY_IMPORT[from]?.includes(to);
    });
    assert.deepEqual(wrong.map(told), []);
  });

  it("lets each layer need only what is its business of the world outside", () => {
    const wrong = IMPORTS.filter(({ from, to, typeOnly }) => {
      if (to.startsWith(".")) return false;
      return !typeOnly && !MAY_REQUIRE[layerOf(from)]?.test(to);
    });
    assert.deepEqual(wrong.map(told), []);
  });

  it("speaks to the network in one place, and cuts events in one file", () => {
    const outside = IMPORTS.filter(({ to }) => to === "undici" || to === "eventsource-parser").filter(
      ({ from, to, typeOnly }) =>
        to === "undici" ? !typeOnly && layerOf(from) !== "transport" : from !== "src/transport/sse.ts",
    );
    assert.deepEqual(outside.map(told), []);
  });

  it("has a core that knows no clock, no chance, no timer and no process", () => {
    const world =
      /\b(Date\.(now|parse)|new Date|Math\.random|setTimeout|setInterval|setImmediate|performance|process|fetch)\b/;
    // A date in a header is read, not asked for.
    const wrong = SOURCES.filter((file) => /^(core|dialects|providers)$/.test(layerOf(file))).filter((file) =>
      world.test(codeOf(file).replaceAll("Date.parse(value)", "")),
    );
    assert.deepEqual(wrong, []);
  });

  it("exports by name, but for nodes", () => {
    const wrong = SOURCES.filter((file) => {
      const assigns = /^export (default\b|=)/m.test(codeOf(file));
      return layerOf(file) === "nodes" ? /^export default\b/m.test(codeOf(file)) : assigns;
    });
    assert.deepEqual(wrong, []);
  });

  it("has types that say something: no any, no way around the compiler", () => {
    const files = [...SOURCES, ...filesBelow("test")].filter((file) => file !== "test/architecture.test.ts");
    const wrong = files.filter((file) => {
      const ignored = /@ts-(ignore|nocheck|expect-error)/.test(readFileSync(join(ROOT, file), "utf8"));
      return ignored || /(:|<|\bas)\s*any\b/.test(codeOf(file));
    });
    assert.deepEqual(wrong, []);
  });

  it("has files of one idea each: 300 lines at most, 400 for editors and tests", () => {
    const long = ["src", "nodes", "test", "scripts", "bench"]
      .flatMap((directory) => filesBelow(directory, /\.(ts|mjs|cjs|html)$/))
      .map((file) => ({ file, lines: readFileSync(join(ROOT, file), "utf8").split("\n").length - 1 }))
      // An editor's half has to be one script: Node-RED takes one page a node, and nothing is bundled. A suite may
      // have more sentences than its subject has lines.
      .filter(({ file, lines }) => lines > (/\.editor\.ts$|^test\//.test(file) ? 400 : 300));
    assert.deepEqual(long, []);
  });

  it("runs every test", () => {
    const left = filesBelow("test").filter((file) => /\b(describe|it)\.(only|skip)\(/.test(codeOf(file)));
    assert.deepEqual(left, []);
  });
});
