import { lstat, realpath } from "node:fs/promises";
import { dirname, isAbsolute, relative, resolve } from "node:path";
import { Failure } from "../../core/failure.js";

/**
 * Finds the file of a cassette, which is inside of the user directory, links included.
 * @param directory the user directory
 * @param name the file as the author has entered it
 * @throws Failure `configuration` if it is not such a file
 */
export async function findCassettePath(directory: string, name: string): Promise<string> {
  const path = checkName(directory, name);
  const root = await realpath(directory);
  let existing = path;
  // The file and some of its folders may not exist yet. What exists must not lead out by a link.
  for (;;) {
    const isLink = (await lstat(existing).catch(() => undefined))?.isSymbolicLink() === true;
    const real = await realpath(existing).catch(() => undefined);
    if (real === undefined ? isLink : !isInside(root, real)) throw createOutsideFailure(name);
    if (real !== undefined) return path;
    existing = dirname(existing);
  }
}

function checkName(directory: string, name: string): string {
  if (name === "") {
    throw new Failure(
      "configuration",
      "The provider records or replays, but has no cassette. Enter a file such as cassettes/answers.json.",
    );
  }
  const path = resolve(directory, name);
  if (name.includes("\0") || !isInside(directory, path)) throw createOutsideFailure(name);
  if (!path.endsWith(".json")) {
    throw new Failure("configuration", `The cassette “${name}” has to be a file whose name ends in .json.`);
  }
  return path;
}

function isInside(directory: string, path: string): boolean {
  const way = relative(directory, path);
  return way !== ".." && !/^\.\.[/\\]/.test(way) && !isAbsolute(way);
}

function createOutsideFailure(name: string): Failure {
  return new Failure(
    "configuration",
    `The cassette “${name}” is not inside of the user directory of Node-RED. Enter a file below it, such as cassettes/answers.json.`,
  );
}
