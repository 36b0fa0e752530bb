import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { findModelEnd } from "../../src/providers/model-ends.js";

/** Files that a user copies a model's name from. */
const FOLDERS = ["docs", "examples", "nodes"];

/** These say when OpenAI's speech models end. */
const ANNOUNCEMENTS = /speech-stream\.json$/;

function listFiles(): string[] {
  const inFolders = FOLDERS.flatMap((folder) =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /\.(?:md|json|html|ts)$/.test(entry.name))
      .map(({ parentPath, name }) => join(parentPath, name)),
  );
  return ["README.md", ...inFolders].filter((file) => !ANNOUNCEMENTS.test(file));
}

describe("Names of models", () => {
  it("in the README, the pages, the dialogs and the examples are of no model whose end OpenAI has announced", () => {
    const files = listFiles();
    assert.ok(files.length > 100, `${files.length} files`);
    for (const file of files) {
      const words = readFileSync(file, "utf8").match(/[A-Za-z][\w.-]*\w/g) ?? [];
      for (const word of words) assert.equal(findModelEnd("openai", word), undefined, `${file}: ${word}`);
    }
  });
});
