import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { ROOT } from "../root.js";

/** A packed package. */
export interface Tarball {
  path: string;
  /** Paths of its files, relative to the root of the package. */
  files: string[];
}

/** Packs the built package as `npm publish` does. */
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
