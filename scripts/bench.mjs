/**
 * `npm run bench [-- --quick]`: installs what is missing, builds the package, and runs the benchmark on Node 24
 * (its peers need Node 22; the dev dependency `node` brings 24). The tables go to build/bench.md, and with every
 * round's figures to build/bench.json.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const bench = fileURLToPath(new URL("../bench", import.meta.url));
const node24 = fileURLToPath(new URL("../node_modules/node/bin/node", import.meta.url));
const npm = process.platform === "win32" ? "npm.cmd" : "npm";

function run(command, args, cwd) {
  const { status, error } = spawnSync(command, args, {
    cwd,
    stdio: "inherit",
    shell: command.endsWith(".cmd"),
  });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

if (!existsSync(`${root}/node_modules/undici`)) run(npm, ["ci"], root);
if (!existsSync(`${bench}/node_modules/openai`)) run(npm, ["ci", "--loglevel=error"], bench);
run(npm, ["run", "build"], root);
run(existsSync(node24) ? node24 : process.execPath, ["bench/run.mjs", ...process.argv.slice(2)], root);
