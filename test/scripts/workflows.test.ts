import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../support/root.js";

const WORKFLOWS = ".github/workflows";
const manifest = readJson("package.json");
const files = readdirSync(join(ROOT, WORKFLOWS)).map((name) => `${WORKFLOWS}/${name}`);

/** Reads a workflow or a shell script, without its comments. */
function readCommands(file: string): string {
  return readFileSync(join(ROOT, file), "utf8").replace(/^\s*#.*\n/gm, "");
}

function readJson(file: string) {
  return JSON.parse(readFileSync(join(ROOT, file), "utf8"));
}

/** @returns the npm scripts that a file calls: "test" for `npm test` and `npm run test` */
function findScriptCalls(file: string): string[] {
  const calls = readCommands(file).matchAll(/\bnpm (?:run ([\w:-]+)|(test|start))\b/g);
  return [...calls].map(([, name, short]) => name ?? short!);
}

/** @returns the three numbers of a version; a missing one is `missing`, because "22" means the newest 22 */
function parseNumbers(version: string, missing: number): number[] {
  const numbers = version.split(".").map(Number);
  return [0, 1, 2].map((at) => numbers[at] ?? missing);
}

/** @returns whether a Node.js of the matrix satisfies a range of the form ">=22.9" */
function satisfies(version: string, range: string): boolean {
  const [, floor] = /^>=([\d.]+)$/.exec(range) ?? assert.fail(`This test cannot read the range ${range}.`);
  const [have, need] = [parseNumbers(version, Number.POSITIVE_INFINITY), parseNumbers(floor!, 0)];
  const at = have.findIndex((number, index) => number !== need[index]);
  return at < 0 || have[at]! > need[at]!;
}

describe("Workflows and .ci/run", () => {
  it("call only scripts that package.json defines", () => {
    const calls = [...files, ".ci/run"].flatMap((file) =>
      findScriptCalls(file).map((script) => ({ file, script })),
    );
    assert.ok(calls.length >= 8, JSON.stringify(calls));
    assert.deepEqual(
      calls.filter(({ script }) => !Object.hasOwn(manifest.scripts, script)),
      [],
    );
  });

  it("run the same scripts in CI as .ci/run does", () => {
    const inCi = new Set(findScriptCalls(`${WORKFLOWS}/ci.yml`));
    assert.deepEqual([...inCi].sort(), [...new Set(findScriptCalls(".ci/run"))].sort());
  });

  it("pin each action to a major version, and use workflows that exist", () => {
    const uses = files.flatMap((file) => [...readCommands(file).matchAll(/\buses: (.+)$/gm)]);
    assert.ok(uses.length > 0);
    for (const [, used] of uses) {
      if (used!.startsWith("./")) assert.ok(existsSync(join(ROOT, used!)), used);
      else assert.match(used!, /^[\w-]+\/[\w-]+@v\d+$/);
    }
  });

  it("publish only for a tag, in one job that waits for the environment npm and runs no scripts", () => {
    const publish = readCommands(`${WORKFLOWS}/publish.yml`);
    assert.match(publish, /^on:\n {2}push:\n {4}tags: \["v\*"\]\n\n/m);
    assert.equal(files.map(readCommands).join("").split("id-token: write").length, 2);
    const job = publish.slice(publish.indexOf("\n  publish:\n"));
    assert.match(job, /^ {4}environment: npm$/m);
    assert.match(job, /^ {6}id-token: write$/m);
    assert.deepEqual(
      [...job.matchAll(/\brun: (.*)$/gm)].map(([, command]) => command),
      ["npm publish ./*.tgz --provenance --access public"],
    );
    assert.deepEqual(manifest.publishConfig, { access: "public", provenance: true });
  });
});

describe("Test matrix of CI", () => {
  const ci = readCommands(`${WORKFLOWS}/ci.yml`);
  const readMatrixList = (name: string): string[] => {
    const [, list] = new RegExp(`^ {8}${name}: (\\[.*\\])$`, "m").exec(ci) ?? assert.fail(name);
    return JSON.parse(list!) as string[];
  };
  const nodes = readMatrixList("node");
  const legs = readMatrixList("node-red");
  /** The package.json of the Node-RED version that each leg runs. */
  const nodeRed: Readonly<Record<string, { version: string; engines: { node: string } }>> = {
    "4": readJson("node_modules/node-red-4/package.json"),
    "5": readJson("node_modules/node-red/package.json"),
  };

  it("begins with the lowest Node.js that package.json allows, and includes the one of the dev dependency", () => {
    assert.equal(`>=${nodes[0]}`, manifest.engines.node);
    assert.ok(nodes.includes(manifest.devDependencies.node.split(".")[0]));
  });

  it("includes each Node-RED that package.json allows, in legs that npm test knows", () => {
    assert.deepEqual(
      legs.map((leg) => nodeRed[leg]?.version.split(".")[0]),
      legs,
    );
    const lowest = /^>=(\d+)\.(\d+)/.exec(manifest["node-red"].version)!;
    assert.deepEqual(nodeRed[legs[0]!]!.version.split(".").slice(0, 2), lowest.slice(1, 3));
    const usage = readFileSync(join(ROOT, "scripts/test.mjs"), "utf8");
    for (const leg of legs) assert.ok(usage.includes(`  --leg=${leg} `), leg);
  });

  it("excludes the pairs that Node-RED does not support, and no others", () => {
    const excluded = [...ci.matchAll(/^ {10}- \{ node: "(.*)", node-red: "(.*)" \}$/gm)];
    const unsupported = nodes.flatMap((node) =>
      legs.filter((leg) => !satisfies(node, nodeRed[leg]!.engines.node)).map((leg) => [node, leg]),
    );
    assert.deepEqual(
      excluded.map(([, node, leg]) => [node, leg]),
      unsupported,
    );
  });
});

describe("Issue forms and security policy", () => {
  it("link private security reports to the repository in package.json", () => {
    const address = `${manifest.repository.url.replace(/^git\+|\.git$/g, "")}/security/advisories/new`;
    const forms = [
      ".github/SECURITY.md",
      ".github/ISSUE_TEMPLATE/config.yml",
      ".github/ISSUE_TEMPLATE/bug.yml",
    ];
    for (const file of [...forms, "README.md"]) {
      const links = readFileSync(join(ROOT, file), "utf8").match(/https:\S+?\/advisories\/new/g);
      assert.deepEqual([...new Set(links)], [address], file);
    }
  });
});
