import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../support/root.js";

describe("The README", () => {
  const readme = readFileSync(join(ROOT, "README.md"), "utf8");

  it("links pictures by absolute addresses of files in the repository, which npm and the flow library can show", () => {
    const { repository } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
    const name = /^git\+https:\/\/github\.com\/(.+)\.git$/.exec(repository.url)![1];
    const start = `https://raw.githubusercontent.com/${name}/main/`;
    const pictures = [...readme.matchAll(/!\[[^\]]*\]\(([^)\s]*)|<img\b[^>]*\bsrc="([^"]*)"/g)].map(
      ([, inMarkdown, inHtml]) => inMarkdown ?? inHtml!,
    );
    assert.ok(pictures.length > 0);
    for (const picture of pictures) {
      assert.ok(picture.startsWith(start), picture);
      assert.ok(existsSync(join(ROOT, picture.slice(start.length))), picture);
    }
  });

  it("links to files that exist", () => {
    const links = [...readme.matchAll(/(?<!!)\[[^\]]*\]\((?![a-z]+:)([^)#\s]+)/g)].map(([, path]) => path!);
    assert.ok(links.length > 0);
    for (const link of links) assert.ok(existsSync(join(ROOT, link)), link);
  });
});
