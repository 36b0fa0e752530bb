import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { ROOT } from "../root.js";

export interface Tarball {
  path: string;
  /** What is in it, relative to the package's root. */
  files: string[];
}

/** Packs the built package as `npm publish` would. */
export function packInto(folder: string): Tarball {
  const printed = execFileSync("npm", ["pack", "--ignore-scripts", "--json", "--pack-destination", folder], {
    cwd: ROOT,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  const parsed = JSON.parse(printed) as unknown;
  const [packed] = (Array.isArray(parsed) ? parsed : Object.values(parsed as object)) as {
    filename: string;
    files: { path: string }[];
  }[];
  return { path: join(folder, packed!.filename), files: packed!.files.map(({ path }) => path) };
}
