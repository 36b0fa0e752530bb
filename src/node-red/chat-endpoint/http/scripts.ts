import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { HttpAnswer } from "../../../serving/form.js";

const ROOT = join(__dirname, "../../../..");

/** Where the build puts it: beside the built nodes. When the source itself runs, these are elsewhere. */
const PLACES = ["nodes/page/markdown.js", "dist/nodes/page/markdown.js"];

const MAX_AGE_S = 3600;

let markdownScript: string | undefined;

/** Reads the library with which a page shows markdown. It is read once, when a page first asks for it. */
export function readMarkdownScript(): HttpAnswer {
  markdownScript ??= readFileSync(
    PLACES.map((place) => join(ROOT, place)).find(existsSync) ?? PLACES[0]!,
    "utf8",
  );
  return {
    status: 200,
    headers: {
      "Content-Type": "text/javascript; charset=utf-8",
      "Cache-Control": `public, max-age=${MAX_AGE_S}`,
      "X-Content-Type-Options": "nosniff",
    },
    body: markdownScript,
  };
}
