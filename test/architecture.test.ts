import assert from "node:assert/strict";
import { basename, dirname } from "node:path";
import {
  findCircles,
  type ImportStatement,
  listFiles,
  readCode,
  readExports,
  readImports,
  readSource,
  resolveImport,
} from "./support/source-tree.js";

/** The layer of a file, by its path; the first pattern that fits. */
const LAYERS: readonly (readonly [RegExp, string])[] = [
  [/^nodes\/(editor\/|.*\.editor\.ts$)/, "editor"],
  [/^nodes\//, "nodes"],
  [/^src\/(node-red|client|core|dialects|mcp|providers|serving|transport|demo)\//, "$1"],
  [/^src\/[^/]+$/, "library"],
  [/^(test|bench|scripts|examples)\//, "$1"],
];

/** What each layer may import of this package, beside itself. The demo server stands for a stranger's service. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  nodes: ["node-red"],
  "node-red": ["library", "client", "mcp", "serving", "transport", "providers", "dialects", "demo", "core"],
  library: ["client", "transport", "providers", "demo", "core"],
  client: ["transport", "providers", "dialects", "core"],
  mcp: ["transport", "core"],
  transport: ["core"],
  providers: ["core"],
  dialects: ["core"],
  serving: ["core"],
  demo: [],
  core: [],
  editor: [],
};

/** What each layer may import of other packages and of Node.js. */
const MAY_REQUIRE: Readonly<Record<string, RegExp>> = {
  nodes: /^$/,
  "node-red": /^(node:|@opentelemetry\/api$)/,
  library: /^node:crypto$/,
  client: /^(node:crypto|@pydantic\/genai-prices)$/,
  mcp: /^(@modelcontextprotocol\/(client|server)|node:crypto)$/,
  transport: /^(undici|eventsource-parser|node:)/,
  providers: /^$/,
  dialects: /^$/,
  serving: /^$/,
  demo: /^node:/,
  core: /^(ajv|node:(vm|crypto)$)/,
  editor: /^$/,
};

/** The folders of a layer from the top down: a folder imports only what stands below it. */
const FLOORS: Readonly<Record<string, readonly string[]>> = {
  "src/core": [
    "retry",
    "tools",
    "budget",
    "cost",
    "text",
    "chat",
    "errors",
    "waits",
    "json",
    "lifecycle",
    ".",
  ],
};

const MAX_FILES_IN_FOLDER = 15;
const MAX_LINES = 300;
/** An editor's half is one script, since Node-RED takes one page a node; a suite may be longer than its subject. */
const MAX_LINES_EDITOR_OR_TEST = 400;

const SOURCES = [...listFiles("src"), ...listFiles("nodes")];
const IMPORTS = SOURCES.flatMap(readImports);
const OWN_IMPORTS = IMPORTS.filter(({ to }) => to.startsWith("."));

function layerOf(file: string): string {
  const [pattern, name] = LAYERS.find(([place]) => place.test(file)) ?? [/^/, "elsewhere"];
  return file.replace(new RegExp(`${pattern.source}.*`), name);
}

const FOLDERS = [...new Set(SOURCES.map((file) => dirname(file)))];

/** The room of a file: its folder, or the file itself if it stands beside subfolders. */
function roomOf(file: string): string {
  const folder = dirname(file);
  return FOLDERS.some((other) => other.startsWith(`${folder}/`)) ? file : folder;
}

/** The node whose folder a file is in, if it is in one. */
function nodeOf(file: string): string | undefined {
  const folder = /^src\/node-red\/([^/]+)\//.exec(file)?.[1];
  return ["live-view", "messages", "red", "runs", "traces", "wires"].includes(folder ?? "")
    ? undefined
    : folder;
}

const describeImport = ({ from, to }: ImportStatement) => `${from} imports ${to}`;

describe("The source tree", () => {
  it("has a layer for each file", () => {
    assert.ok(SOURCES.length > 60);
    assert.deepEqual(
      SOURCES.filter((file) => !(layerOf(file) in MAY_IMPORT)),
      [],
    );
  });

  it("imports only from the layers that MAY_IMPORT lists", () => {
    const wrong = OWN_IMPORTS.filter((statement) => {
      const [from, to] = [layerOf(statement.from), layerOf(resolveImport(statement))];
      if (from === "editor") return !statement.typeOnly;
      return from !== to && !MAY_IMPORT[from]?.includes(to);
    });
    assert.deepEqual(wrong.map(describeImport), []);
  });

  it("imports no folder that stands above its own", () => {
    const wrong = Object.entries(FLOORS).flatMap(([layer, floors]) => {
      const floorOf = (file: string) => {
        const folder = dirname(file).slice(layer.length + 1);
        return floors.indexOf(folder === "" ? "." : folder);
      };
      const files = listFiles(layer);
      assert.deepEqual(
        files.filter((file) => floorOf(file) < 0),
        [],
      );
      return OWN_IMPORTS.filter(({ from }) => from.startsWith(`${layer}/`)).filter(
        (statement) => floorOf(resolveImport(statement)) < floorOf(statement.from),
      );
    });
    assert.deepEqual(wrong.map(describeImport), []);
  });

  it("has no circle of imports between files, types included", () => {
    const edges = OWN_IMPORTS.map((statement) => [statement.from, resolveImport(statement)] as const);
    assert.deepEqual(findCircles(edges), []);
  });

  it("has no circle of imports between rooms, types included", () => {
    const edges = OWN_IMPORTS.map(
      (statement) => [roomOf(statement.from), roomOf(resolveImport(statement))] as const,
    );
    assert.deepEqual(findCircles(edges), []);
  });

  it("keeps the folders of nodes apart: only those of config nodes are imported by others", () => {
    const wrong = OWN_IMPORTS.filter((statement) => {
      const [from, to] = [nodeOf(statement.from), nodeOf(resolveImport(statement))];
      const isShared = to === undefined || ["chat-provider", "chat-endpoint", "mcp-server"].includes(to);
      return !isShared && layerOf(statement.from) !== "nodes" && from !== to;
    });
    assert.deepEqual(wrong.map(describeImport), []);
  });

  it("imports other packages only as MAY_REQUIRE lists", () => {
    const wrong = IMPORTS.filter(({ from, to, typeOnly }) => {
      if (to.startsWith(".")) return false;
      return !typeOnly && !MAY_REQUIRE[layerOf(from)]?.test(to);
    });
    assert.deepEqual(wrong.map(describeImport), []);
  });

  it("opens sockets in src/transport alone, and parses events in one file", () => {
    const outside = IMPORTS.filter(({ to }) => to === "undici" || to === "eventsource-parser").filter(
      ({ from, to, typeOnly }) =>
        to === "undici"
          ? !typeOnly && layerOf(from) !== "transport"
          : from !== "src/transport/records/sse.ts",
    );
    assert.deepEqual(outside.map(describeImport), []);
  });

  it("keeps clocks, randomness, timers and the process out of core, dialects, providers and serving", () => {
    const world =
      /\b(Date\.(now|parse)\b|new Date(?!\(\w)|(Math\.random|setTimeout|setInterval|setImmediate|performance|process|fetch)\b)/;
    // Dates made of a number, and the parsed date of a header, ask no clock.
    const wrong = SOURCES.filter((file) => /^(core|dialects|providers|serving)$/.test(layerOf(file))).filter(
      (file) => world.test(readCode(file).replaceAll("Date.parse(value)", "")),
    );
    assert.deepEqual(wrong, []);
  });

  it("writes to the log and sets a status in src/node-red/red alone, where texts are made printable", () => {
    const wrong = SOURCES.filter(
      (file) =>
        !file.startsWith("src/node-red/red/") && /\bnode\.(warn|log|debug|status)\(/.test(readCode(file)),
    );
    assert.deepEqual(wrong, []);
  });

  it("exports by name, except nodes", () => {
    const wrong = SOURCES.filter((file) => {
      const assigns = /^export (default\b|=)/m.test(readCode(file));
      return layerOf(file) === "nodes" ? /^export default\b/m.test(readCode(file)) : assigns;
    });
    assert.deepEqual(wrong, []);
  });

  it("declares each exported name in one file", () => {
    const places = new Map<string, string[]>();
    for (const file of SOURCES) {
      for (const name of new Set(readExports(file))) places.set(name, [...(places.get(name) ?? []), file]);
    }
    const twice = [...places].filter(([, files]) => files.length > 1);
    assert.deepEqual(twice, []);
  });

  it("names no file like its folder", () => {
    const wrong = [...listFiles("src"), ...listFiles("test")].filter(
      (file) => basename(file).replace(/(\.test)?\.ts$/, "") === basename(dirname(file)),
    );
    assert.deepEqual(wrong, []);
  });

  it(`has at most ${MAX_FILES_IN_FOLDER} files in a folder of src`, () => {
    const sizes = new Map<string, number>();
    for (const file of listFiles("src")) sizes.set(dirname(file), (sizes.get(dirname(file)) ?? 0) + 1);
    assert.deepEqual(
      [...sizes].filter(([, size]) => size > MAX_FILES_IN_FOLDER),
      [],
    );
  });

  it("uses neither `any` nor a comment that silences the compiler", () => {
    // The second one tests what the compiler finds.
    const exempt = ["test/architecture.test.ts", "test/library/types.test.ts"];
    const files = [...SOURCES, ...listFiles("test")].filter((file) => !exempt.includes(file));
    const wrong = files.filter((file) => {
      const silenced = /@ts-(ignore|nocheck|expect-error)/.test(readSource(file));
      return silenced || /(:|<|\bas)\s*any\b/.test(readCode(file));
    });
    assert.deepEqual(wrong, []);
  });

  it(`has files of at most ${MAX_LINES} lines, ${MAX_LINES_EDITOR_OR_TEST} for editors and tests`, () => {
    const long = ["src", "nodes", "test", "scripts", "bench"]
      .flatMap((directory) => listFiles(directory, /\.(ts|mjs|cjs|html)$/))
      .map((file) => ({ file, lines: readSource(file).split("\n").length - 1 }))
      .filter(
        ({ file, lines }) =>
          lines > (/\.editor\.ts$|^test\//.test(file) ? MAX_LINES_EDITOR_OR_TEST : MAX_LINES),
      );
    assert.deepEqual(long, []);
  });

  it("has no test that is skipped or runs alone", () => {
    const wrong = listFiles("test").filter((file) => /\b(describe|it)\.(only|skip)\(/.test(readCode(file)));
    assert.deepEqual(wrong, []);
  });
});
