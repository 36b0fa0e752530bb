/**
 * Measures what loading the nodes costs, and what MCP adds: `node bench/startup.mjs [--turns=15]`, after a build.
 *
 * Node-RED loads all nodes of a package when it starts, whatever a flow uses. Each turn is a process of its own: time for
 * `require`, and heap and resident memory after a collection. The packages for MCP have to cost nothing before a server is used.
 */
import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { computeMedian } from "./statistics.mjs";

const NODES = join(dirname(dirname(fileURLToPath(import.meta.url))), "dist", "nodes");
const ALL = readdirSync(NODES).filter((file) => file.endsWith(".js"));

/** What each process loads. */
const LOADS = {
  "chat-provider and chat-stream": ["chat-provider.js", "chat-stream.js"],
  "the same and tool-call-router": ["chat-provider.js", "chat-stream.js", "tool-call-router.js"],
  "all nodes": ALL,
  "all nodes, and a server of MCP is used": [...ALL, "../src/mcp/load-client.js"],
};

const { values } = parseArgs({ options: { turns: { type: "string", default: "15" } } });
const figures = new Map(Object.keys(LOADS).map((name) => [name, []]));
for (let turn = 0; turn < Number(values.turns); turn++)
  for (const [name, files] of Object.entries(LOADS)) figures.get(name).push(measureLoad(files));

console.log("| loaded | ms | heap, MiB | resident, MiB |\n| --- | ---: | ---: | ---: |");
for (const [name, list] of figures) {
  const cells = ["ms", "heap", "resident"].map((key) =>
    computeMedian(list.map((one) => one[key])).toFixed(1),
  );
  console.log(`| ${[name, ...cells].join(" | ")} |`);
}

/** @returns milliseconds to load, and MiB above an empty process */
function measureLoad(files) {
  const paths = files.map((file) => join(NODES, file));
  const code = `
    const read = () => { gc(); const { heapUsed, rss } = process.memoryUsage(); return [heapUsed, rss]; };
    const before = read();
    const from = performance.now();
    for (const path of ${JSON.stringify(paths)}) {
      const loaded = require(path);
      if (path.includes("load-client")) loaded.loadClientLibrary();
    }
    const ms = performance.now() - from;
    const [heap, resident] = read().map((bytes, at) => (bytes - before[at]) / 2 ** 20);
    process.stdout.write(JSON.stringify({ ms, heap, resident }));
    process.exit();`;
  const output = execFileSync(process.execPath, ["--expose-gc", "-e", code], { encoding: "utf8" });
  return JSON.parse(output);
}
