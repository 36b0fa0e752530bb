// `npm run check`: checks formatting, lint rules and types of the whole repository.
import { join } from "node:path";
import { ensureInstalled, root, run } from "./setup.mjs";

ensureInstalled();
const tsc = join(root, "node_modules/typescript/bin/tsc");
run(process.execPath, [
  join(root, "node_modules/@biomejs/biome/bin/biome"),
  "check",
  "--error-on-warnings",
  ".",
]);
for (const project of ["tsconfig.json", "tsconfig.editor.json", "test/tsconfig.json"]) {
  run(process.execPath, [tsc, "--noEmit", "-p", project]);
}
