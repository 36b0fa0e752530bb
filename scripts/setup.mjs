// What every command does first: installs and builds what is missing. So each command works in a fresh clone.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

const [major, minor, patch] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && (minor < 18 || (minor === 18 && patch < 1)))) {
  console.error(
    `This package needs Node.js 20.18.1 or newer, but this is ${process.version}. Install a newer one.`,
  );
  process.exit(1);
}

/** The Node.js that runs npm. In an npm script, `node` may be that of the dev dependency of this name instead. */
export const machineNode = process.env.npm_node_execpath ?? process.execPath;

/** Node.js 24, which Node-RED 5 needs, from the npm package `node`. */
export const node24 = join(root, "node_modules/node/bin", process.platform === "win32" ? "node.exe" : "node");

/** Runs a command in this terminal. If it fails, exits with its status. */
export function run(command, args, options = {}) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: "inherit", ...options });
  if (error) console.error(`${command} could not be run: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}

/** Installs the dependencies of a folder, unless they are there and not older than its lock file. */
export function ensureInstalled(folder = root) {
  const installed = join(folder, "node_modules/.package-lock.json");
  const lock = join(folder, "package-lock.json");
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs) return;
  console.log("Installing dependencies …");
  run("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: folder,
    shell: process.platform === "win32",
  });
}

/** Builds dist/, unless it is newer than all its sources. */
export function ensureBuilt() {
  const stamp = join(root, "dist/.built");
  const sources = ["src", "nodes", "icons", "tsconfig.json", "package.json", "scripts/build.mjs"];
  const newestMs = Math.max(...sources.map((source) => findNewestMs(join(root, source))));
  if (existsSync(stamp) && statSync(stamp).mtimeMs >= newestMs) return;
  run(process.execPath, [join(root, "scripts/build.mjs")]);
}

/** @returns when the newest file below a path was changed, in milliseconds since 1970 */
function findNewestMs(path) {
  const stats = statSync(path);
  if (!stats.isDirectory()) return stats.mtimeMs;
  return Math.max(stats.mtimeMs, ...readdirSync(path).map((name) => findNewestMs(join(path, name))));
}
