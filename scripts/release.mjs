// `npm run release`: makes a release, up to a commit and a tag on this machine; see USAGE. Nothing leaves the machine:
// pushing the tag is a separate step, and it starts .github/workflows/publish.yml.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { moveUnreleased, readUnreleased } from "./changelog.mjs";
import { findObstacles, RELEASE_BRANCH } from "./release-obstacles.mjs";
import { ensureBuilt, ensureInstalled, root, run } from "./setup.mjs";
import { nextVersion } from "./version.mjs";

const USAGE = `Usage: npm run release -- <patch|minor|major|x.y.z> [--dry-run]

  patch, minor, major  raise this number of the version
  x.y.z                release exactly this version
  --dry-run            check the repository and show what a release would contain; run no tests, change nothing`;

/** The files that a release changes. */
const CHANGED_FILES = ["CHANGELOG.md", "package.json", "package-lock.json"];

/** The folder of the tarball, relative to the root. Git ignores it. */
const PACK_FOLDER = "build";

const current = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).version;
const { version, isDryRun } = readArguments();
const changelog = readFileSync(join(root, "CHANGELOG.md"), "utf8");
const obstacles = findObstacles(root, version);
for (const obstacle of obstacles) console.error(`Not ready: ${obstacle}`);

if (isDryRun) {
  console.log(`\nDry run of the release ${version}, after ${current}. It would contain:\n`);
  console.log(readUnreleased(changelog));
  ensureInstalled();
  ensureBuilt();
  pack("--dry-run");
  process.exit(obstacles.length > 0 ? 1 : 0);
}
if (obstacles.length > 0) process.exit(1);

runScript("check.mjs");
runScript("test.mjs");
runScript("test.mjs", "package");

const today = new Date().toISOString().slice(0, "YYYY-MM-DD".length);
writeFileSync(join(root, "CHANGELOG.md"), moveUnreleased(changelog, version, today));
runNpm("version", version, "--no-git-tag-version");
mkdirSync(join(root, PACK_FOLDER), { recursive: true });
pack("--pack-destination", PACK_FOLDER);
run("git", ["commit", "--quiet", "--message", `release: set version ${version}`, "--", ...CHANGED_FILES]);
run("git", ["tag", "--annotate", "--message", version, `v${version}`]);

console.log(`
Release ${version} is committed and tagged on this machine; nothing is published.
The tarball in ${PACK_FOLDER}/ shows which files the package will have.

To publish it:  git push --atomic origin ${RELEASE_BRANCH} v${version}
To undo it:     git tag --delete v${version} && git reset --keep HEAD~1`);

/** Reads the version and the option from the command line. If they are wrong, exits with the usage. */
function readArguments() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { "dry-run": { type: "boolean", default: false } },
    });
    if (positionals.length !== 1) throw new Error("Name one version to release.");
    // Without the "--", npm takes the option as its own and passes it to every npm below, an installation included.
    const isDryRun = values["dry-run"] || process.env.npm_config_dry_run === "true";
    delete process.env.npm_config_dry_run;
    return { version: nextVersion(current, positionals[0]), isDryRun };
  } catch (error) {
    console.error(`${error.message}\n\n${USAGE}`);
    process.exit(2);
  }
}

/** Runs a script of this folder. Through npm, it would run on the Node.js of the dev dependency. */
function runScript(name, ...args) {
  run(process.execPath, [join(root, "scripts", name), ...args]);
}

function runNpm(...args) {
  run("npm", args, { shell: process.platform === "win32" });
}

/** Packs dist/ as it was tested, without building it again. npm prints the files in the tarball. */
function pack(...options) {
  runNpm("pack", "--ignore-scripts", ...options);
}
