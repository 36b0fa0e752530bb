import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  answerByCalls,
  createMcpFlow,
  createProgramNode,
  readOfferedNames,
} from "../../support/flows/mcp.js";
import { ROOT } from "../../support/root.js";
import { joinPayloads } from "../../support/runtime/inbox.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import { useService } from "../../support/services/use-service.js";
import { assertPrompt } from "../../support/speed.js";
import { waitUntil } from "../../support/waiting.js";

const ODD = join(ROOT, "test/support/mcp/odd-server.mjs");

describe("Faults of MCP servers that are programs", () => {
  const service = useService();
  const runtime = useRuntime();
  let folder = "";
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "mcp-odd-"));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** Deploys a flow with a server that has a fault. */
  const deploy = async (fault: string, router: Record<string, unknown> = {}, server: object = {}) => {
    service().script = answerByCalls(["work", {}]);
    const node = { ...createProgramNode(ODD, fault, join(folder, fault)), ...server };
    await runtime().deploy(createMcpFlow(service().url, node, {}, router));
  };
  const ask = async (count = 1) => {
    runtime().clearMessages();
    runtime().inject("router", { payload: "Hi" });
    await runtime().waitForEnds("out", count);
    return joinPayloads(runtime().getMessages("out"));
  };
  const readNotes = (fault: string) => readFileSync(join(folder, fault), "utf8").trim().split("\n");
  const readLog = () => JSON.stringify(runtime().logs);

  it("M01 a program that dies in a call: the model is told, nothing is repeated, and the next run starts it again", async () => {
    await deploy("dies");
    const told = /^Error: The MCP server “tools” ended during a request\. It is not known whether/;
    assert.match(await ask(), told);
    assert.match(readLog(), /ended during a request.*exit code 3|exit code 3.*ended during a request/s);
    // The tools are still known, so the next run does not wait for the connection.
    assert.match(await ask(), told);
    assert.equal(readNotes("dies").filter((line) => line === "call").length, 2);
    assert.equal(readNotes("dies").filter((line) => line.startsWith("started")).length, 2);
  });

  it("M02 garbage on standard output: it goes to the log, and calls work", async () => {
    await deploy("stray");
    assert.equal(await ask(), "done");
    assert.match(readLog(), /Hello!/);
  });

  it("M03 a list without end: the server is left out, and the author is told", async () => {
    await deploy("endless");
    await ask();
    assert.deepEqual(readOfferedNames(service().requests[0]!), []);
    assert.match(readLog(), /lists its tools on too many pages/);
  });

  it("M04 schemas that cannot be used, and a tool that is listed twice: the rest is offered, and the author is told", async () => {
    await deploy("schemas");
    assert.equal(await ask(), "done");
    assert.deepEqual(readOfferedNames(service().requests[0]!), ["work"]);
    for (const problem of [/“bad” was left out/, /“deep” was left out/, /“work” is listed twice/])
      assert.match(readLog(), problem);
  });

  it("M05 a flood of progress: the answer arrives, and the status is set a few times only", async () => {
    await deploy("flood");
    assert.equal(await ask(), "done");
    assert.ok(runtime().statuses.messages.filter(({ id }) => id === "router").length < 100);
  });

  it("M06 several answers to one call: the first one counts", async () => {
    await deploy("double");
    assert.equal(await ask(), "done");
    assert.equal(await ask(), "done");
  });

  it("M07 a call that is never answered: it times out, and is cancelled at the server", async () => {
    await deploy("silent", { toolTimeout: 0.3 });
    assert.match(await ask(), /^Error: The tool timed out/);
    await waitUntil(() => readNotes("silent").includes("cancelled"));
    assert.match(readLog(), /The MCP server gave no answer within 0\.3 s to: work/);
  });

  it("M08 a line without end on standard output: the program is ended, and the author is told", async () => {
    await deploy("unending", {}, { connectTimeout: 5 });
    await ask();
    assert.match(readLog(), /line without end/);
    assert.deepEqual(readOfferedNames(service().requests[0]!), []);
  });

  it("M09 a program that does not want to end: it is killed at a deploy, with all that it has started", async () => {
    await deploy("stubborn");
    assert.equal(await ask(), "done");
    const pid = Number(readNotes("stubborn")[0]!.split(" ")[1]);
    await assertPrompt(7_000, () => runtime().deploy([]));
    assert.ok(readNotes("stubborn").includes("SIGTERM"));
    assert.throws(() => process.kill(pid, 0), { code: "ESRCH" });
  });

  it("M10 a program that says nothing: the run goes on without it when the time for connecting is up", async () => {
    await deploy("mute", {}, { connectTimeout: 0.5 });
    await ask();
    assert.match(readLog(), /“tools” did not answer in time/);
    assert.deepEqual(readOfferedNames(service().requests[0]!), []);
  });

  it("M11 tools that change in the middle of a run: the next run offers the new list", async () => {
    await deploy("changes");
    assert.equal(await ask(), "done");
    await waitUntil(() => readNotes("changes").includes("call"));
    await new Promise((resolve) => setTimeout(resolve, 600));
    assert.equal(await ask(), "done");
    assert.deepEqual(readOfferedNames(service().requests.at(-1)!), ["work", "more"]);
  });

  it("M12 a flood on standard error: the log gets a hundred lines of it a minute", async () => {
    await deploy("loud");
    assert.equal(await ask(), "done");
    const lines = runtime().logs.filter(({ msg }) => String(msg).startsWith("noise"));
    assert.ok(lines.length > 50 && lines.length <= 100, String(lines.length));
  });

  it("M13 a result that is too long: it is cut, and the model is told", async () => {
    await deploy("huge", { maxResult: 1000 });
    assert.match(await ask(), /^y{1000}\n\[cut off here: the result has 1000000 characters/);
  });

  it("M14 a result of another shape: the model is told that the call failed", async () => {
    await deploy("shapeless");
    assert.match(await ask(), /^Error: The MCP server “tools” /);
  });

  it("M15 a program that cannot be started: the run goes on without it, and the author is told what to correct", async () => {
    await deploy("none", {}, { command: "no-such-program" });
    await ask();
    assert.match(readLog(), /there is no program “no-such-program”/);
  });
});
