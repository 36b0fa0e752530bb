// The reporter of all suites. It prints dots and the totals, and with the option `rows` how many rows of the fault matrix
// hold.
const { reporters } = require("mocha");

/** The groups of the fault matrix by the letter of their rows. */
const GROUPS = {
  N: "network",
  P: "protocol",
  J: "jobs",
  S: "size",
  R: "life cycle",
  X: "concurrency",
  Y: "retry",
  T: "tools",
  K: "secrets",
  Q: "fleet",
  M: "MCP",
};

module.exports = class Reporter extends reporters.Dot {
  constructor(runner, options) {
    super(runner, options);
    const rows = { passed: new Set(), failed: new Set() };
    const collectRows = (set) => (test) => {
      for (const [id] of test.fullTitle().matchAll(/\b[NPJSRXYTKQM]\d\d\b/g)) set.add(id);
    };
    runner.on("pass", collectRows(rows.passed));
    runner.on("fail", collectRows(rows.failed));
    runner.once("end", () => {
      if (options.reporterOptions?.rows) printRows(rows);
      console.log(`${runner.stats.passes} passed, ${runner.stats.failures} failed`);
    });
  }
};

/**
 * Prints the rows that hold. A row holds if every test that names it passed. Rows of the groups P and R are tested with Chat
 * Completions and with Responses, except for those that the form of a service cannot change: bad messages, settings and
 * providers (R14, R20, R21, R29), other packages and starts without an editor (R22, R23), stores, cassettes, budgets and
 * traces (R24 to R28).
 */
function printRows({ passed, failed }) {
  const held = [...passed].filter((id) => !failed.has(id)).sort();
  for (const [letter, name] of Object.entries(GROUPS)) {
    const ids = held.filter((id) => id.startsWith(letter));
    console.log(`  ${letter} ${name.padEnd(12)} ${String(ids.length).padStart(2)}  ${ids.join(" ")}`);
  }
  console.log(`\n  ${held.length} rows of the fault matrix hold, ${failed.size} do not\n`);
}
