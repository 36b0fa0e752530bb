import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { importScript } from "../support/import-script.js";
import { ROOT } from "../support/root.js";

interface ChangelogScript {
  readUnreleased(changelog: string): string;
  moveUnreleased(changelog: string, version: string, date: string): string;
}

const CHANGELOG = `# Changelog

About this file.

## Unreleased

### Added

- A thing.

## 0.1.0

- The first version.
`;

describe("Changelog", () => {
  let script: ChangelogScript;
  before(async () => {
    script = await importScript<ChangelogScript>("changelog.mjs");
  });

  it("moves the text under Unreleased to the new version and leaves Unreleased empty above it", () => {
    assert.equal(
      script.moveUnreleased(CHANGELOG, "0.2.0", "2026-12-01"),
      `# Changelog

About this file.

## Unreleased

## 0.2.0 - 2026-12-01

### Added

- A thing.

## 0.1.0

- The first version.
`,
    );
  });

  it("moves the text under Unreleased if the changelog has no version yet", () => {
    const first = "# Changelog\n\n## Unreleased\n- A thing.\n";
    assert.equal(
      script.moveUnreleased(first, "0.1.0", "2026-12-01"),
      "# Changelog\n\n## Unreleased\n\n## 0.1.0 - 2026-12-01\n\n- A thing.\n",
    );
  });

  it("reads Unreleased from a file with Windows line breaks", () => {
    assert.equal(script.readUnreleased(CHANGELOG.replaceAll("\n", "\r\n")), "### Added\n\n- A thing.");
  });

  it("throws if Unreleased is empty or missing", () => {
    const released = script.moveUnreleased(CHANGELOG, "0.2.0", "2026-12-01");
    for (const changelog of [released, "# Changelog\n\n## 0.1.0\n\n- The first version.\n", ""]) {
      assert.equal(script.readUnreleased(changelog), "");
      assert.throws(() => script.moveUnreleased(changelog, "0.3.0", "2026-12-02"), /nothing under/);
    }
  });

  it("begins with Unreleased, then the version in package.json, in the changelog of this package", () => {
    const headings = [...readFileSync(join(ROOT, "CHANGELOG.md"), "utf8").matchAll(/^## (\S+)/gm)];
    const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
    assert.deepEqual(
      headings.slice(0, 2).map(([, name]) => name),
      ["Unreleased", version],
    );
  });
});
