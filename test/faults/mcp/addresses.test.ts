import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import {
  answerByCalls,
  createAddressNode,
  createMcpFlow,
  readOfferedNames,
} from "../../support/flows/mcp.js";
import { SessionServer } from "../../support/mcp/session-server.js";
import { joinPayloads } from "../../support/runtime/inbox.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import { useService } from "../../support/services/use-service.js";
import { pause } from "../../support/waiting.js";

describe("Faults of MCP servers at an address", () => {
  let server: SessionServer;
  before(async () => {
    server = await SessionServer.start();
  });
  after(() => server.close());
  const service = useService();
  const runtime = useRuntime();
  beforeEach(() => server.reset());

  const deploy = async (token = "", router: Record<string, unknown> = {}) => {
    service().script = answerByCalls(["work", {}]);
    const flow = createMcpFlow(service().url, createAddressNode(server.url), {}, router);
    await runtime().deploy(flow, "full", { server: { token } });
  };
  const ask = async () => {
    runtime().clearMessages();
    runtime().inject("router", { payload: "Hi" });
    await runtime().waitForEnds("out");
    return joinPayloads(runtime().getMessages("out"));
  };
  const readLog = () => JSON.stringify(runtime().logs);

  it("M20 a wrong token: the run goes on without the server, and the author is told, without the token", async () => {
    server.token = "right-token";
    await deploy("wrong-token-1234");
    await ask();
    assert.deepEqual(readOfferedNames(service().requests[0]!), []);
    assert.match(readLog(), /“tools” asks for another token \(HTTP 401\)/);
    assert.doesNotMatch(readLog(), /wrong-token-1234/);
    await deploy("right-token");
    assert.equal(await ask(), "done");
  });

  it("M21 a session that the server has forgotten: a new one is opened, and the call is made once", async () => {
    await deploy();
    assert.equal(await ask(), "done");
    server.forget();
    assert.equal(await ask(), "done");
    assert.equal(server.calls, 2);
    assert.equal(server.sessionCount, 2);
  });

  it("M22 a connection that breaks in a call: the model is told that the work may have been done, and nothing is repeated", async () => {
    server.onCall = (response: ServerResponse) => response.destroy();
    await deploy();
    assert.match(
      await ask(),
      /^Error: The MCP server “tools” .*It is not known whether the tool did its work\./,
    );
    assert.equal(server.calls, 1);
    server.onCall = undefined;
    assert.equal(await ask(), "done");
  });

  it("M23 HTTP 500 to a call: the model is told, and nothing is repeated", async () => {
    server.onCall = (response: ServerResponse) => response.writeHead(500).end("Oops");
    await deploy();
    assert.match(await ask(), /^Error: The MCP server “tools” answered with HTTP 500/);
    assert.equal(server.calls, 1);
  });

  it("M24 a call whose answer never comes: it times out, and the run goes on", async () => {
    server.onCall = () => {};
    await deploy("", { toolTimeout: 0.3 });
    assert.match(await ask(), /^Error: The tool timed out/);
  });

  it("M25 a server that is down when a run begins, and comes back: the next run has its tools", async () => {
    server.isDown = true;
    await deploy();
    await ask();
    assert.deepEqual(readOfferedNames(service().requests[0]!), []);
    assert.match(readLog(), /“tools” (cannot be|broke)/);
    server.isDown = false;
    // A server that has just failed is left alone for a second.
    await pause(1_100);
    assert.equal(await ask(), "done");
  });
});
