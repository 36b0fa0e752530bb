// What every command does first, so that a fresh clone needs one command and no other.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

const [major, minor, patch] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && (minor < 18 || (minor === 18 && patch < 1)))) {
  console.error(`This package needs Node.js 20.18.1 or newer; this is ${process.version}.`);
  process.exit(1);
}

/** The Node.js that the caller has. Inside an npm script `node` may be the one that a dev dependency brings. */
export const machineNode = process.env.npm_node_execpath ?? process.execPath;

/** Node.js 24, which Node-RED 5 asks for, from the npm package `node`. */
export const node24 = join(root, "node_modules/node/bin", process.platform === "win32" ? "node.exe" : "node");

/** Runs a command with this terminal; ends the process with its status where that is not 0. */
export function run(command, args, options = {}) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: "inherit", ...options });
  if (error) console.error(error.message);
  if (status !== 0) process.exit(status ?? 1);
}

/** Installs the dependencies of a folder unless they are there and as new as its lock file. */
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

/** Builds dist/ unless it is newer than everything it is made of. */
export function ensureBuilt() {
  const stamp = join(root, "dist/.built");
  const sources = ["src", "nodes", "icons", "tsconfig.json", "package.json", "scripts/build.mjs"];
  const newest = Math.max(...sources.map((source) => newestIn(join(root, source))));
  if (existsSync(stamp) && statSync(stamp).mtimeMs >= newest) return;
  run(process.execPath, [join(root, "scripts/build.mjs")]);
}

function newestIn(path) {
  const stats = statSync(path);
  if (!stats.isDirectory()) return stats.mtimeMs;
  return Math.max(stats.mtimeMs, ...readdirSync(path).map((name) => newestIn(join(path, name))));
}
