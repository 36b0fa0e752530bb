import assert from "node:assert/strict";
import { importScript } from "../support/import-script.js";

interface VersionScript {
  nextVersion(current: string, wanted: string): string;
}

describe("Next version", () => {
  let nextVersion: VersionScript["nextVersion"];
  before(async () => {
    ({ nextVersion } = await importScript<VersionScript>("version.mjs"));
  });

  it("raises one number of the version and sets the numbers after it to 0", () => {
    assert.equal(nextVersion("1.2.3", "patch"), "1.2.4");
    assert.equal(nextVersion("1.2.3", "minor"), "1.3.0");
    assert.equal(nextVersion("1.2.3", "major"), "2.0.0");
    assert.equal(nextVersion("0.9.9", "minor"), "0.10.0");
  });

  it("accepts a higher version, comparing numbers rather than text", () => {
    for (const [current, wanted] of [
      ["0.1.0", "0.1.1"],
      ["0.9.0", "0.10.0"],
      ["1.99.99", "2.0.0"],
    ] as const) {
      assert.equal(nextVersion(current, wanted), wanted);
    }
  });

  it("refuses a version that is not higher, and names the current version", () => {
    for (const wanted of ["0.10.0", "0.9.1", "0.9.99"]) {
      assert.throws(() => nextVersion("0.10.0", wanted), /not higher than 0\.10\.0/);
    }
  });

  it("refuses versions that do not have the form x.y.z, such as pre-releases", () => {
    for (const wanted of ["", "1", "1.0", "v1.0.0", "1.0.0-beta.1", "01.0.0", "1.0.0 ", "latest"]) {
      assert.throws(() => nextVersion("0.1.0", wanted), /not a version of the form x\.y\.z/, wanted);
    }
  });
});
