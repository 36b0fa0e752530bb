import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ROOT } from "../support/root.js";
import { listFiles } from "../support/source-tree.js";

const BADGES = [
  "https://img.shields.io/",
  "https://github.com/deltaflow/node-red-chat-stream/actions/workflows/ci.yml/badge.svg",
];
const PAGES = ["README.md", ...listFiles("docs", /\.md$/)];
const HELP = listFiles("nodes/locales", /\.html$/);

describe("The README, the pages in docs/ and the help of the nodes", () => {
  const { repository } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  const name = /^git\+https:\/\/github\.com\/(.+)\.git$/.exec(repository.url)![1]!;
  const readme = readFileSync(join(ROOT, "README.md"), "utf8");

  it("link pictures by absolute addresses of files in the repository, which npm and the flow library can show", () => {
    const start = `https://raw.githubusercontent.com/${name}/main/`;
    const pictures = [...readme.matchAll(/!\[[^\]]*\]\(([^)\s]*)|<img\b[^>]*\bsrc="([^"]*)"/g)]
      .map(([, inMarkdown, inHtml]) => inMarkdown ?? inHtml!)
      .filter((picture) => !BADGES.some((badge) => picture.startsWith(badge)));
    assert.ok(pictures.length > 0);
    for (const picture of pictures) {
      assert.ok(picture.startsWith(start), picture);
      assert.ok(existsSync(join(ROOT, picture.slice(start.length))), picture);
    }
  });

  for (const page of [...PAGES, ...HELP])
    it(`${page} links to files and headings that exist`, () => {
      const text = readFileSync(join(ROOT, page), "utf8");
      const start = `https://github.com/${name}/blob/main/`;
      for (const [, link] of text.matchAll(/(?<!!)\[[^\]]*\]\(([^)\s]+)\)/g)) {
        const isOurs = link!.startsWith(start);
        if (!isOurs && /^[a-z]+:/.test(link!)) continue;
        const [path, heading] = (isOurs ? link!.slice(start.length) : link!).split("#");
        const file = path === "" ? join(ROOT, page) : join(ROOT, isOurs ? "" : dirname(page), path!);
        assert.ok(existsSync(file), link);
        if (heading !== undefined) assert.ok(listAnchors(readFileSync(file, "utf8")).includes(heading), link);
      }
    });

  it("are all linked from the README, by absolute addresses, since the package does not contain them", () => {
    for (const page of PAGES.slice(1))
      assert.ok(readme.includes(`(https://github.com/${name}/blob/main/${page})`), page);
  });
});

/** The anchors that GitHub gives to the headings of a page. */
function listAnchors(markdown: string): string[] {
  return [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, title]) =>
    title!
      .toLowerCase()
      .replace(/[^\p{L}\d\s-]/gu, "")
      .replaceAll(" ", "-"),
  );
}
