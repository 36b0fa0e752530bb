// Runs the tests: `node scripts/test.mjs [suite]`. Without a suite: everything that needs no browser, in both legs.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { ensureBuilt, ensureInstalled, machineNode, node24, root } from "./setup.mjs";

/** The two worlds a user may live in: Node-RED 4.1 on the Node.js at hand, Node-RED 5 on Node.js 24. */
const LEGS = [
  { name: "Node-RED 4.1", node: machineNode, nodeRed: "4" },
  { name: "Node-RED 5", node: node24, nodeRed: "5" },
];

const SUITES = {
  all: { legs: LEGS, files: ["test/**/*.test.ts"], ignore: ["test/browser/**", "test/package/**"] },
  // The rows of the fault matrix, wherever they are tested: their tests' titles begin with a row's id.
  faults: { legs: LEGS.slice(0, 1), files: ["test/**/*.test.ts"], ignore: ["test/browser/**"], rows: true },
  browser: { legs: LEGS.slice(1), files: ["test/browser/**/*.test.ts"] },
  package: { legs: LEGS.slice(0, 1), files: ["test/package/**/*.test.ts"] },
};

const suite = SUITES[process.argv[2] ?? "all"];
if (!suite) {
  console.error(`There is no suite "${process.argv[2]}". Known are: ${Object.keys(SUITES).join(", ")}.`);
  process.exit(2);
}
ensureInstalled();
ensureBuilt();

let failed = false;
for (const leg of suite.legs) {
  const version = spawnSync(leg.node, ["--version"], { encoding: "utf8" }).stdout?.trim();
  console.log(`\n${leg.name} on Node.js ${version}`);
  const { status } = spawnSync(
    leg.node,
    [
      "--import=tsx",
      join(root, "node_modules/mocha/bin/mocha.js"),
      "--timeout=20000",
      "--exit",
      `--reporter=${join(root, "scripts/reporter.cjs")}`,
      ...(suite.rows ? ["--reporter-option=rows=true", "--grep=\\b[NPJSRXYTK]\\d\\d\\b"] : []),
      ...(suite.ignore ?? []).flatMap((pattern) => ["--ignore", pattern]),
      ...suite.files,
    ],
    { cwd: root, stdio: "inherit", env: { ...process.env, NODE_RED: leg.nodeRed, NODE_NO_WARNINGS: "1" } },
  );
  if (status !== 0) failed = true;
}
process.exit(failed ? 1 : 0);
