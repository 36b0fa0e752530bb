import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { createChatStreamNode, createSinkNode, TAB } from "../support/flows/nodes.js";
import { ROOT } from "../support/root.js";
import { NODE_RED } from "../support/runtime/node-red-install.js";
import { useRuntime } from "../support/runtime/use-runtime.js";

const run = promisify(execFile);
const locate = createRequire(__filename);

/** @returns the pieces of code of the page that begin in this way */
function readCode(language: string, start: string): string {
  const page = readFileSync(join(ROOT, "docs/flow-tests.md"), "utf8");
  const pieces = [...page.matchAll(/```(\w+)\n(.*?)```/gs)].filter(
    ([, name, code]) => name === language && code!.startsWith(start),
  );
  assert.equal(pieces.length, 1);
  return pieces[0]![2]!;
}

describe("The page on tests of flows", () => {
  const runtime = useRuntime();
  let project: string;

  before(() => {
    project = mkdtempSync(join(tmpdir(), "flow-test-"));
    const modules = join(project, "node_modules");
    mkdirSync(join(modules, "@deltaflow"), { recursive: true });
    mkdirSync(join(project, "test/cassettes"), { recursive: true });
    symlinkSync(ROOT, join(modules, "@deltaflow/node-red-chat-stream"));
    symlinkSync(dirname(locate.resolve(`${NODE_RED}/package.json`)), join(modules, "node-red"));
    for (const name of ["mocha", "node-red-node-test-helper"])
      symlinkSync(dirname(locate.resolve(`${name}/package.json`)), join(modules, name));
    writeFileSync(join(project, "package.json"), "{}");
  });
  after(() => rmSync(project, { recursive: true, force: true }));

  /** Records the cassette of the page, as it says, into the place that it says. */
  async function record(): Promise<void> {
    const cassette = "cassettes/greeting.json";
    await runtime().deploy([
      TAB,
      { id: "provider", type: "chat-provider", provider: "demo", demoPace: 0, record: "record", cassette },
      createChatStreamNode({ model: "demo" }),
      createSinkNode("out"),
    ]);
    runtime().inject("ask", { payload: "Count to 5." });
    await runtime().waitForEnds("out");
    await runtime().deploy([]);
    copyFileSync(join(runtime().userDir, cassette), join(project, "test", cassette));
  }

  it("has a test that passes with node-red-node-test-helper, exactly as it stands there", async () => {
    await record();
    writeFileSync(join(project, "test/greeting.test.js"), readCode("js", "const assert"));
    const mocha = [join(project, "node_modules/mocha/bin/mocha.js"), "--exit", "--timeout=20000"];
    const { stdout } = await run(process.execPath, mocha, { cwd: project }).catch((failed) => failed);
    assert.match(stdout, /2 passing/);
    assert.doesNotMatch(stdout, /failing/);
  });

  it("has a test without Node-RED that prints the answer", async () => {
    await record();
    writeFileSync(join(project, "library.mjs"), readCode("js", "import"));
    const { stdout } = await run(process.execPath, ["library.mjs"], { cwd: project });
    assert.match(stdout, /1.*5/s);
  });
});
