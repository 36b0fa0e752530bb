// Builds dist/, where Node-RED finds the nodes, from nodes/, src/ and icons/.
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ensureInstalled, root, run } from "./setup.mjs";

ensureInstalled();
const { buildEditorScript } = await import("./editor-script.cjs");

const dist = join(root, "dist");
rmSync(dist, { recursive: true, force: true });
run(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", "tsconfig.json"]);

// Node-RED takes the editor half of a node from the .html beside the .js. Its script stands in that page as a whole:
// the flow library's scorecard reads the first script of a page. It is transpiled, not bundled, so that the code in
// the browser is the code that we wrote.
for (const file of readdirSync(join(root, "nodes"))) {
  const stem = /^([^.]+)\.editor\.ts$/.exec(file)?.[1];
  if (!stem) continue;
  const script = buildEditorScript(join(root, "nodes", file));
  const template = readFileSync(join(root, "nodes", `${stem}.html`), "utf8");
  writeFileSync(
    join(dist, "nodes", `${stem}.html`),
    `<script type="text/javascript">\n${script}\n</script>\n\n${template}`,
  );
}
for (const [from, to] of [
  ["nodes/locales", "dist/nodes/locales"],
  ["icons", "dist/nodes/icons"],
]) {
  if (existsSync(join(root, from))) cpSync(join(root, from), join(root, to), { recursive: true });
}

// What chat-endpoint serves to pages, as one script: two libraries with their licences, and our few lines.
const library = [
  "node_modules/dompurify/dist/purify.min.js",
  "node_modules/marked/lib/marked.umd.js",
  "nodes/page/render-markdown.js",
].map((file) => readFileSync(join(root, file), "utf8").replace(/^\/\/# sourceMappingURL=.*$/gm, ""));
mkdirSync(join(dist, "nodes/page"));
writeFileSync(join(dist, "nodes/page/markdown.js"), library.join("\n"));
writeFileSync(join(dist, ".built"), "");
