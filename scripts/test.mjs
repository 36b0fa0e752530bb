// `npm test`: runs the tests; see USAGE. Without arguments, it runs all tests that need no browser, in both legs side by
// side.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { parseArgs } from "node:util";
import { ensureBuilt, ensureInstalled, machineNode, node24, root } from "./setup.mjs";

/** The two environments that every test runs in: Node-RED 4.1 on the Node.js that runs npm, Node-RED 5 on Node.js 24. */
const LEGS = [
  { name: "Node-RED 4.1", node: machineNode, nodeRed: "4" },
  { name: "Node-RED 5", node: node24, nodeRed: "5" },
];

/**
 * Tests that say the same in each environment: they read the sources, run the scripts, or start processes of their own. If
 * both legs run, each of them runs in one.
 */
const IN_ONE_LEG = {
  "architecture.test.ts": "4",
  "faults/tools/crashes.test.ts": "5",
  "regular-expressions.test.ts": "5",
  "scripts/release.test.ts": "4",
  "start.test.ts": "4",
};

/** Folders of `test` whose tests need more than npm installs, or a network of their own. Each is a suite. */
const APART = ["browser", "fleet", "interop", "package"];

/**
 * The suites. Most of their time they wait for timers, sockets and the editor, so a suite in `parts` runs each part of its
 * files in a process of its own, side by side.
 */
const SUITES = {
  all: { legs: LEGS, except: APART, parts: 3 },
  // The tests of the fault matrix, in all folders: their titles begin with the id of a row.
  faults: { legs: LEGS.slice(0, 1), except: ["browser", "fleet", "interop"], rows: true },
  browser: { legs: LEGS.slice(1), folder: "browser", parts: 4 },
  // Real processes behind a real broker: mosquitto must be on the `PATH`.
  fleet: { legs: LEGS.slice(1), folder: "fleet" },
  package: { legs: LEGS.slice(0, 1), folder: "package" },
  // Servers of others, which imitate the services, and llama.cpp, which its test installs into build/.
  interop: { legs: LEGS.slice(1), folder: "interop" },
};

const USAGE = `Usage: npm test -- [suite] [--leg=4|5]

  suite    ${Object.keys(SUITES).join(", ")}; without one: all
  --leg=4  only Node-RED 4.1, on the Node.js that runs npm
  --leg=5  only Node-RED 5, on the Node.js that runs npm, which must be 22.9 or newer`;

const { suite, leg } = readArguments();
ensureInstalled();
ensureBuilt();

const legs = leg ? [leg] : suite.legs;
const runs = legs.flatMap((each) => splitFiles(each));
const results = await Promise.all(runs.map((each, at) => runTests(each, at === 0)));
for (const { report } of results) process.stdout.write(report);
process.exit(results.every(({ passed }) => passed) ? 0 : 1);

/** Splits the files of the suite into the runs of one leg. */
function splitFiles(each) {
  const { parts = 1 } = suite;
  const files = listFiles().filter((file) => {
    const only = IN_ONE_LEG[relative("test", file).replaceAll(sep, "/")];
    return legs.length === 1 || only === undefined || only === each.nodeRed;
  });
  return Array.from({ length: parts }, (_, part) => ({
    ...each,
    name: parts === 1 ? each.name : `${each.name}, part ${part + 1} of ${parts}`,
    files: files.filter((_, at) => at % parts === part),
  }));
}

/** Lists the files of the suite, in the same order on every machine. */
function listFiles() {
  const { folder = ".", except = [] } = suite;
  return readdirSync(join(root, "test", folder), { recursive: true })
    .filter((file) => file.endsWith(".test.ts") && !except.includes(file.split(sep)[0]))
    .sort()
    .map((file) => join("test", folder, file));
}

/**
 * Runs files in one environment.
 * @param isShown whether its output appears at once; else it is in the report, since other tests run beside it
 */
async function runTests({ name, node, nodeRed, files }, isShown) {
  const title = `\n${name} on Node.js ${readVersion(node)}\n`;
  if (isShown) process.stdout.write(title);
  const child = spawn(
    node,
    [
      "--import=tsx",
      join(root, "node_modules/mocha/bin/mocha.js"),
      "--timeout=60000",
      "--exit",
      `--reporter=${join(root, "scripts/reporter.cjs")}`,
      ...(suite.rows ? ["--reporter-option=rows=true", "--grep=\\b[NPJSRXYTKQM]\\d\\d\\b"] : []),
      ...files,
    ],
    {
      cwd: root,
      stdio: isShown ? "inherit" : ["ignore", "pipe", "pipe"],
      env: { ...process.env, NODE_RED: nodeRed, NODE_NO_WARNINGS: "1" },
    },
  );
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding("utf8").on("data", (text) => {
      output += text;
    });
  const [status] = await once(child, "close");
  return { passed: status === 0, report: isShown ? "" : title + output };
}

/** Reads the suite and the leg to run from the command line. If they are wrong, exits with the usage. */
function readArguments() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { leg: { type: "string" } },
    });
    const [name = "all", ...others] = positionals;
    const suite = SUITES[name];
    if (!suite) throw new Error(`There is no suite “${name}”.`);
    if (others.length > 0) throw new Error(`Only one suite can run at a time. Remove “${others.join(" ")}”.`);
    return { suite, leg: values.leg === undefined ? undefined : findLeg(values.leg) };
  } catch (error) {
    console.error(`${error.message}\n\n${USAGE}`);
    process.exit(2);
  }
}

/** @returns the leg of a Node-RED version, on the Node.js that runs npm */
function findLeg(nodeRed) {
  const leg = LEGS.find((candidate) => candidate.nodeRed === nodeRed);
  if (!leg) throw new Error(`There is no leg “${nodeRed}”.`);
  const version = readVersion(machineNode);
  const [major, minor] = version.slice(1).split(".").map(Number);
  if (nodeRed === "5" && (major < 22 || (major === 22 && minor < 9))) {
    throw new Error(`Node-RED 5 needs Node.js 22.9 or newer; this is ${version}.`);
  }
  return { ...leg, node: machineNode };
}

function readVersion(node) {
  return spawnSync(node, ["--version"], { encoding: "utf8" }).stdout?.trim();
}
