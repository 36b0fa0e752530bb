// From nodes/, src/ and icons/ to dist/, where Node-RED looks for them.
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ensureInstalled, root, run } from "./setup.mjs";

ensureInstalled();
const { default: ts } = await import("typescript");

const dist = join(root, "dist");
rmSync(dist, { recursive: true, force: true });
run(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", "tsconfig.json"]);

// Node-RED takes an editor's half from the .html beside the .js. It is transpiled, not bundled: what the author of a
// flow sees in his browser is what we wrote, and the scorecard of the flow library can read it. A long one has parts,
// <stem>.<part>.editor.ts, which go before it: in one script, since readers of a page look at its first.
const nodes = readdirSync(join(root, "nodes"));
for (const stem of nodes.flatMap((file) => /^([^.]+)\.editor\.ts$/.exec(file)?.[1] ?? [])) {
  const parts = nodes.filter(
    (file) => file.startsWith(`${stem}.`) && /^[^.]+\.[^.]+\.editor\.ts$/.test(file),
  );
  const scripts = [...parts.sort(), `${stem}.editor.ts`].map((file) => {
    const { outputText } = ts.transpileModule(readFileSync(join(root, "nodes", file), "utf8"), {
      fileName: file,
      compilerOptions: { target: ts.ScriptTarget.ES2020, module: ts.ModuleKind.ES2020, removeComments: true },
    });
    // A file with only type imports is left with an empty export, which a plain script may not have.
    return outputText.replace(/^export \{\};\s*$/m, "").trim();
  });
  const template = readFileSync(join(root, "nodes", `${stem}.html`), "utf8");
  writeFileSync(
    join(dist, "nodes", `${stem}.html`),
    `<script type="text/javascript">\n${scripts.join("\n")}\n</script>\n\n${template}`,
  );
}
for (const [from, to] of [
  ["nodes/locales", "dist/nodes/locales"],
  ["icons", "dist/nodes/icons"],
]) {
  if (existsSync(join(root, from))) cpSync(join(root, from), join(root, to), { recursive: true });
}
writeFileSync(join(dist, ".built"), "");
