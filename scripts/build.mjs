// Builds dist/, where Node-RED finds the nodes, from nodes/, src/ and icons/.
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ensureInstalled, root, run } from "./setup.mjs";

ensureInstalled();
const { default: ts } = await import("typescript");

const dist = join(root, "dist");
rmSync(dist, { recursive: true, force: true });
run(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", "tsconfig.json"]);

// Node-RED reads the editor's half of a node from the .html beside the .js. Its script is transpiled, not bundled, so that
// authors of flows see our own code in their browser, and the scorecard of the flow library can read it. A long script has
// parts, <stem>.<part>.editor.ts. They come first in the same script, because the scorecard reads only the first one.
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
    // TypeScript leaves an empty export in a file with only type imports. A plain script must not have it.
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
