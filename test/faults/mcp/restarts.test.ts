import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RestartableRuntime } from "../../support/flows/kept.js";
import { answerByCalls, createMcpFlow, createProgramNode, EVERYTHING } from "../../support/flows/mcp.js";
import { ROOT } from "../../support/root.js";
import { joinPayloads } from "../../support/runtime/inbox.js";
import { useService } from "../../support/services/use-service.js";
import { waitUntil } from "../../support/waiting.js";

describe("Calls at MCP servers, and restarts of Node-RED", () => {
  const service = useService();
  const red = new RestartableRuntime();
  let folder = "";
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "mcp-restart-"));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));
  afterEach(() => red.end());

  const readAnswer = async () => {
    await red.now.waitForEnds("out");
    return joinPayloads(red.now.getMessages("out"));
  };

  it("M16 Node-RED stops while a server is at work: the model reads that it may have been done, and nothing is repeated", async () => {
    const notes = join(folder, "silent");
    const readCalls = () =>
      (existsSync(notes) ? readFileSync(notes, "utf8") : "").split(/^call$/m).length - 1;
    service().script = answerByCalls(["work", {}]);
    const server = createProgramNode(join(ROOT, "test/support/mcp/odd-server.mjs"), "silent", notes);
    const runtime = await red.start();
    await runtime.deploy(createMcpFlow(service().url, server, {}, { keepRuns: "file" }));
    runtime.inject("router", { payload: "Hi" });
    await waitUntil(() => readCalls() === 1);
    await red.restart();
    assert.match(await readAnswer(), /It is not known whether the tool did its work/);
    assert.equal(readCalls(), 1);
  });

  it("M17 a call that waits for approval over a restart: it is made once, with arguments that fit", async () => {
    service().script = answerByCalls(["get-sum", { a: 2, b: 40 }]);
    const server = createProgramNode(EVERYTHING, "stdio");
    const runtime = await red.start();
    await runtime.deploy(createMcpFlow(service().url, server, { approve: true }, { keepRuns: "file" }));
    runtime.inject("router", { payload: "Hi" });
    const [asked] = await runtime.waitUntil("approve", ({ length }) => length === 1);
    const now = await red.restart();
    const change = (args: object) => ({
      payload: args,
      toolCall: { ...(asked!["toolCall"] as object), arguments: args },
    });
    now.inject("router", change({ a: "x" }));
    const [error] = await now.waitUntil("errors", ({ length }) => length > 0);
    assert.match(
      (error!.error as { message: string }).message,
      /do not match the schema of the tool “get-sum”/,
    );
    now.inject("router", change({ a: 3, b: 40 }));
    now.inject("router", change({ a: 4, b: 40 }));
    assert.equal(await readAnswer(), "The sum of 3 and 40 is 43.");
    assert.equal(now.getMessages("approve").length, 0);
    assert.equal(service().requests.length, 2);
  });
});
