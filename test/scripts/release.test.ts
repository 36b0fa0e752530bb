import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { ROOT } from "../support/root.js";

const SCRIPTS = ["release.mjs", "release-obstacles.mjs", "changelog.mjs", "version.mjs", "setup.mjs"];

/**
 * Replaces a script that takes minutes. It adds its name to ran.txt, and fails if FAIL names it or if npm's option for a
 * dry run has reached it.
 */
const STUB = `import { appendFileSync } from "node:fs";
import { basename } from "node:path";
const name = [basename(process.argv[1]), ...process.argv.slice(2)].join(" ");
appendFileSync("ran.txt", name + "\\n");
process.exit(name === process.env.FAIL || process.env.npm_config_dry_run ? 1 : 0);
`;

const FILES: Readonly<Record<string, string>> = {
  ".gitignore": "node_modules/\ndist/\nbuild/\nran.txt\n",
  "package.json": `${JSON.stringify({ name: "@test/package", version: "0.1.0", files: ["dist"] }, null, 2)}\n`,
  "package-lock.json": `${JSON.stringify(
    {
      name: "@test/package",
      version: "0.1.0",
      lockfileVersion: 3,
      requires: true,
      packages: { "": { name: "@test/package", version: "0.1.0" } },
    },
    null,
    2,
  )}\n`,
  "CHANGELOG.md": "# Changelog\n\n## Unreleased\n\n- A thing.\n\n## 0.1.0\n\n- The first version.\n",
  "tsconfig.json": "{}\n",
  "src/x.ts": "",
  "nodes/x.ts": "",
  "icons/x.svg": "",
  "scripts/check.mjs": STUB,
  "scripts/test.mjs": STUB,
  "scripts/build.mjs": STUB,
  // These come last, because what is installed and built must be newer than its sources.
  "node_modules/.package-lock.json": "{}",
  "dist/x.js": "",
  "dist/.built": "",
};

/** Creates an environment without the caller's settings of git and npm, with an author for commits. */
function createEnvironment(): NodeJS.ProcessEnv {
  const entries = Object.entries(process.env).filter(([name]) => !/^(GIT_|npm_config_)/i.test(name));
  const author = { NAME: "Nobody", EMAIL: "nobody@example.com" };
  const identity = Object.entries(author).flatMap(([name, value]) => [
    [`GIT_AUTHOR_${name}`, value],
    [`GIT_COMMITTER_${name}`, value],
  ]);
  return Object.fromEntries([
    ...entries,
    ...identity,
    ["GIT_CONFIG_GLOBAL", join(tmpdir(), "no-such-file")],
    ["GIT_CONFIG_NOSYSTEM", "1"],
    ["npm_config_update_notifier", "false"],
  ]);
}

/** A small package in a git repository, with the release scripts of this package. */
class Repository implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "chat-stream-release-"));

  constructor() {
    for (const name of SCRIPTS) cpSync(join(ROOT, "scripts", name), join(this.folder, "scripts", name));
    for (const [file, text] of Object.entries(FILES)) {
      mkdirSync(dirname(join(this.folder, file)), { recursive: true });
      this.write(file, text);
    }
    this.git("init", "--quiet", "--initial-branch=main");
    this.git("add", ".");
    this.git("commit", "--quiet", "--message=first");
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  git(...args: string[]): string {
    return execFileSync("git", args, { cwd: this.folder, encoding: "utf8", env: createEnvironment() }).trim();
  }

  write(file: string, text: string): void {
    writeFileSync(join(this.folder, file), text);
  }

  read(file: string): string {
    return readFileSync(join(this.folder, file), "utf8");
  }

  /** The replaced scripts that ran, with their arguments. */
  get commandsRun(): string[] {
    return existsSync(join(this.folder, "ran.txt")) ? this.read("ran.txt").trim().split("\n") : [];
  }

  /** Runs the release script. */
  release(args: string[], variables: NodeJS.ProcessEnv = {}): { status: number | null; output: string } {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [join(this.folder, "scripts/release.mjs"), ...args],
      { cwd: this.folder, encoding: "utf8", env: { ...createEnvironment(), ...variables } },
    );
    return { status, output: `${stdout}${stderr}` };
  }

  /** Asserts that the files, the commits and the tags are as they were at the start. */
  assertUnchanged(): void {
    assert.equal(this.git("status", "--porcelain"), "");
    assert.equal(this.git("log", "--format=%s"), "first");
    assert.equal(this.git("tag"), "");
    assert.ok(!existsSync(join(this.folder, "build")));
  }
}

describe("npm run release", () => {
  it("runs the checks and tests, then commits and tags the new version in package.json, lock file and changelog", () => {
    using repository = new Repository();
    const { status, output } = repository.release(["minor"]);
    assert.equal(status, 0, output);
    assert.deepEqual(repository.commandsRun, ["check.mjs", "test.mjs", "test.mjs package"]);
    const today = new Date().toISOString().slice(0, 10);
    assert.match(
      repository.read("CHANGELOG.md"),
      new RegExp(`^## Unreleased\n\n## 0\\.2\\.0 - ${today}\n\n- A thing\\.\n\n## 0\\.1\\.0$`, "m"),
    );
    assert.equal(JSON.parse(repository.read("package.json")).version, "0.2.0");
    const lock = JSON.parse(repository.read("package-lock.json"));
    assert.deepEqual([lock.version, lock.packages[""].version], ["0.2.0", "0.2.0"]);
    assert.equal(repository.git("log", "--format=%s"), "release: set version 0.2.0\nfirst");
    assert.equal(repository.git("status", "--porcelain"), "");
    assert.equal(repository.git("rev-parse", "v0.2.0^{commit}"), repository.git("rev-parse", "HEAD"));
    assert.equal(repository.git("cat-file", "-t", "v0.2.0"), "tag");
    assert.ok(existsSync(join(repository.folder, "build/test-package-0.2.0.tgz")));
    assert.match(output, /dist\/x\.js/);
    assert.match(output, /git push --atomic origin main v0\.2\.0/);
  });

  for (const failing of ["check.mjs", "test.mjs", "test.mjs package"]) {
    it(`changes nothing if ${failing} fails`, () => {
      using repository = new Repository();
      assert.equal(repository.release(["minor"], { FAIL: failing }).status, 1);
      assert.equal(repository.commandsRun.at(-1), failing);
      repository.assertUnchanged();
    });
  }

  it("shows the changes and the files in a dry run, runs no tests and changes nothing", () => {
    using repository = new Repository();
    const { status, output } = repository.release(["1.0.0", "--dry-run"]);
    assert.equal(status, 0, output);
    assert.match(output, /Dry run of the release 1\.0\.0, after 0\.1\.0/);
    assert.match(output, /- A thing\./);
    assert.match(output, /dist\/x\.js/);
    assert.deepEqual(repository.commandsRun, []);
    repository.assertUnchanged();
  });

  it("makes a dry run if npm has taken the option, as in `npm run release minor --dry-run`", () => {
    using repository = new Repository();
    rmSync(join(repository.folder, "dist/.built"));
    const { status, output } = repository.release(["minor"], { npm_config_dry_run: "true" });
    assert.equal(status, 0, output);
    assert.match(output, /Dry run/);
    assert.deepEqual(repository.commandsRun, ["build.mjs"]);
    repository.assertUnchanged();
  });

  it("names all obstacles to a release, and runs no tests", () => {
    using repository = new Repository();
    repository.git("switch", "--quiet", "--create", "feature");
    repository.git("tag", "v0.1.1");
    repository.write("CHANGELOG.md", "# Changelog\n\n## Unreleased\n\n## 0.1.0\n");
    for (const args of [["patch"], ["patch", "--dry-run"]]) {
      const { status, output } = repository.release(args);
      assert.equal(status, 1);
      assert.match(output, /branch “feature”/);
      assert.match(output, /not committed.*\n M CHANGELOG\.md/);
      assert.match(output, /tag v0\.1\.1 exists/);
      assert.match(output, /nothing under “Unreleased”/);
      assert.deepEqual(repository.commandsRun, []);
    }
  });

  it("prints its usage if the version is missing, wrong or not higher", () => {
    using repository = new Repository();
    for (const args of [[], ["0.1.0"], ["next"], ["minor", "major"], ["minor", "--dryrun"]]) {
      const { status, output } = repository.release(args);
      assert.equal(status, 2, args.join(" "));
      assert.match(output, /Usage: npm run release -- <patch\|minor\|major\|x\.y\.z>/);
    }
    repository.assertUnchanged();
  });
});
