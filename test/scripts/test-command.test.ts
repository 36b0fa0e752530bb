import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { ROOT } from "../support/root.js";

describe("npm test", () => {
  /** Runs the command with wrong arguments. @returns what it prints on stderr */
  const runRefused = (...args: string[]): string => {
    const { status, stderr } = spawnSync(process.execPath, [join(ROOT, "scripts/test.mjs"), ...args], {
      encoding: "utf8",
    });
    assert.equal(status, 2, stderr);
    return stderr;
  };

  it("lists the suites and the legs if a suite or a leg does not exist, and runs no tests", () => {
    for (const args of [["fault"], ["--leg=3"], ["--leg="], ["--legs=4"], ["faults", "browser"]]) {
      const text = runRefused(...args);
      assert.match(text, /all, faults, browser, fleet, package/, args.join(" "));
      assert.match(text, /--leg=4 .*Node-RED 4\.1/);
      assert.match(text, /--leg=5 .*Node-RED 5/);
    }
    assert.match(runRefused("--leg=3"), /There is no leg “3”/);
    assert.match(runRefused("fault"), /There is no suite “fault”/);
  });
});
