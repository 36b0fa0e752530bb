import assert from "node:assert/strict";
import { createServer } from "node:net";
import type { Message } from "../../../src/node-red/red/api.js";
import { createAskFlow } from "../../support/flows/nodes.js";
import { PROXY_VARIABLES, useEnvironment } from "../../support/runtime/environment.js";
import type { FlowNode } from "../../support/runtime/node-red-api.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import { startChaosServer } from "../../support/services/chaos-server.js";
import { ScriptedService } from "../../support/services/scripted-service.js";
import { Tunnel } from "../../support/services/tunnel.js";
import { useService } from "../../support/services/use-service.js";

const KEY = "sk-secret-123";

describe("A proxy between a chat-provider and its service", () => {
  const service = useService();
  const runtime = useRuntime();
  useEnvironment(PROXY_VARIABLES);
  let tunnel: Tunnel;
  before(async () => {
    tunnel = await Tunnel.start();
  });
  beforeEach(() => {
    tunnel.heads.length = 0;
  });
  after(() => tunnel.close());

  const proxyUrl = () => `http://127.0.0.1:${tunnel.port}`;

  /** Asks once. @returns the last message */
  async function ask(
    baseUrl: string,
    settings: Record<string, unknown> = {},
    more: FlowNode[] = [],
    apiKey = KEY,
  ): Promise<Message> {
    await runtime().deploy([...createAskFlow(baseUrl, {}, settings), ...more], "full", {
      provider: { apiKey },
    });
    runtime().clearMessages();
    runtime().inject("ask", { payload: "q" });
    return (await runtime().waitForEnds("out"))[0]!;
  }
  const createProxyNode = (url: string, noproxy: string[] = []): FlowNode => ({
    id: "proxy",
    type: "http proxy",
    url,
    noproxy,
  });
  const getError = (last: Message) => last.error as { code: string; message: string; retryable: boolean };
  const assertAskedDirectly = (last: Message) => {
    assert.equal(last.finishReason, "stop", JSON.stringify(last.error));
    assert.deepEqual(tunnel.heads, []);
  };
  const onThisMachine = (host: string) => service().url.replace("127.0.0.1", host);

  for (const host of ["127.0.0.1", "localhost", "127.1"]) {
    it(`N26: never gets a key or prompt for ${host}, though the environment names it and NO_PROXY does not`, async () => {
      process.env["HTTP_PROXY"] = proxyUrl();
      assertAskedDirectly(await ask(onThisMachine(host)));
      assertAskedDirectly(await ask(onThisMachine(host), {}, [], ""));
      assert.equal(service().requests.length, 2);
    });
  }

  it("N26: never gets a prompt for an address of this machine that is not loopback", async () => {
    process.env["HTTP_PROXY"] = proxyUrl();
    assertAskedDirectly(await ask(onThisMachine("0.0.0.0"), {}, [], ""));
    assert.match(getError(await ask(onThisMachine("0.0.0.0"))).message, /would travel unencrypted/);
    assert.deepEqual(tunnel.heads, []);
  });

  it("N26: never gets a plain request to this machine if the author has chosen it, unless “allow unencrypted” is ticked", async () => {
    const proxy = createProxyNode(proxyUrl());
    assertAskedDirectly(await ask(service().url, { proxy: "proxy" }, [proxy]));
    assertAskedDirectly(await ask(service().url, { proxy: "proxy" }, [proxy], ""));
    const last = await ask(service().url, { proxy: "proxy", allowInsecure: true }, [proxy]);
    assert.equal(last.finishReason, "stop");
    assert.match(tunnel.heads[0]!, new RegExp(`^CONNECT 127\\.0\\.0\\.1:${service().port} `));
  });

  it("N26: gets a key for another machine neither by plain http, unless that is ticked", async () => {
    process.env["HTTP_PROXY"] = proxyUrl();
    const last = await ask("http://service.example/v1");
    assert.equal(getError(last).code, "configuration");
    assert.match(getError(last).message, /would travel unencrypted to service\.example/);
    assert.deepEqual(tunnel.heads, []);
  });

  it("is not used for an IPv6 address that NO_PROXY names without brackets", async () => {
    await using server = await useIpv6Service();
    process.env["HTTP_PROXY"] = proxyUrl();
    process.env["NO_PROXY"] = "localhost,127.0.0.1,::1";
    assertAskedDirectly(await ask(server.service.url));
    assert.equal(server.service.requests.length, 1);
    const chosen = createProxyNode(proxyUrl(), ["::1"]);
    assertAskedDirectly(await ask(server.service.url, { proxy: "proxy", allowInsecure: true }, [chosen]));
  });

  const isOdd = ["proxy.corp:3128", "not a proxy", "ftp://proxy.corp"];
  for (const address of isOdd) {
    it(`N27: blocks nothing that needs no proxy if HTTPS_PROXY is “${address}”`, async () => {
      process.env["HTTPS_PROXY"] = address;
      process.env["NO_PROXY"] = "127.0.0.1,localhost";
      assertAskedDirectly(await ask(service().url));
    });
  }

  it("N27: fails a request that needs it, with the variable's name and without its value", async () => {
    process.env["HTTPS_PROXY"] = "http://me:pass word@";
    const { code, message } = getError(await ask("https://api.example.test/v1"));
    assert.equal(code, "configuration");
    assert.match(message, /environment variable HTTPS_PROXY is not the address of a proxy/);
    assert.doesNotMatch(message, /pass word/);
  });

  for (const [scheme, variable] of [
    ["https", "HTTPS_PROXY"],
    ["http", "HTTP_PROXY"],
    ["https", undefined],
    ["http", undefined],
  ] as const) {
    const where = variable ?? "an http proxy node";
    const askBy = async (address: string) => {
      if (variable) process.env[variable] = address;
      const settings = { connectTimeout: 3, allowInsecure: true, ...(variable ? {} : { proxy: "proxy" }) };
      const nodes = variable ? [] : [createProxyNode(address)];
      return getError(await ask(`${scheme}://api.example.test/v1`, settings, nodes));
    };

    it(`N28: is to blame for a ${scheme} service if its name is unknown (${where})`, async () => {
      const { code, message, retryable } = await askBy("http://no-such-proxy.invalid:3128");
      assert.equal(code, "connection");
      assert.match(message, /^The proxy no-such-proxy\.invalid:3128 cannot be resolved\. Check the proxy/);
      assert.equal(retryable, true);
    });

    it(`N28: is to blame for a ${scheme} service if it refuses connections (${where})`, async () => {
      const { code, message, retryable } = await askBy(`http://127.0.0.1:${await findClosedPort()}`);
      assert.equal(code, "connection");
      assert.match(message, /^The proxy 127\.0\.0\.1:\d+ refuses connections\. Check the proxy/);
      assert.equal(retryable, true);
    });

    it(`N28: is to blame for a ${scheme} service if it wants a login (${where})`, async () => {
      tunnel.refusal = "HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n";
      const { code, message, retryable } = await askBy(proxyUrl());
      tunnel.refusal = undefined;
      assert.equal(code, "connection");
      assert.match(message, /^The proxy refused the connection with status 407 \(127\.0\.0\.1:\d+\)/);
      assert.equal(retryable, false);
    });
  }

  it("N28: is named if it stays silent", async () => {
    await using silent = await startChaosServer((peer) => peer.waitUntilGone());
    process.env["HTTPS_PROXY"] = `http://127.0.0.1:${silent.port}`;
    const { code, message } = getError(await ask("https://api.example.test/v1", { connectTimeout: 0.1 }));
    assert.equal(code, "timeout");
    assert.match(message, new RegExp(`proxy 127\\.0\\.0\\.1:${silent.port}`));
    await runtime().deploy([]);
  });
});

async function findClosedPort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function useIpv6Service(): Promise<{ service: ScriptedService } & AsyncDisposable> {
  const service = await ScriptedService.start({ address: "::1" });
  return { service, [Symbol.asyncDispose]: () => service.close() };
}
