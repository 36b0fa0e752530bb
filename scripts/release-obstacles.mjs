// Finds what must be put right before a release can be made.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readUnreleased } from "./changelog.mjs";

/** The branch that releases are made on. */
export const RELEASE_BRANCH = "main";

/**
 * Looks for reasons not to release a version. Changes nothing.
 * @param folder the root of the git repository
 * @returns a message for each reason, with what to do about it
 */
export function findObstacles(folder, version) {
  const git = (...args) => execFileSync("git", args, { cwd: folder, encoding: "utf8" }).trimEnd();
  const obstacles = [];
  const branch = git("branch", "--show-current");
  if (branch !== RELEASE_BRANCH) {
    obstacles.push(
      `You are on the branch “${branch}”. Switch to ${RELEASE_BRANCH}, where releases are made.`,
    );
  }
  const changes = git("status", "--porcelain");
  if (changes !== "") obstacles.push(`Some changes are not committed. Commit or remove them:\n${changes}`);
  if (git("tag", "--list", `v${version}`) !== "") {
    obstacles.push(`The tag v${version} exists already. Choose a higher version.`);
  }
  if (readUnreleased(readFileSync(join(folder, "CHANGELOG.md"), "utf8")) === "") {
    obstacles.push("CHANGELOG.md has nothing under “Unreleased”. Write there what changes for users.");
  }
  return obstacles;
}
