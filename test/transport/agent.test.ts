import assert from "node:assert/strict";
import { Agent, EnvHttpProxyAgent } from "undici";
import { createAgent } from "../../src/transport/agent.js";
import { guardEachTest } from "../support/runtime/guards.js";
import { sendWholeAnswer, TEXT } from "../support/services/answers.js";
import { startChaosServer } from "../support/services/chaos-server.js";
import { waitUntil } from "../support/waiting.js";
import { ask, assertStreamComplete, matchFailure } from "../support/worlds/started-stream.js";

const VARIABLES = ["http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"];

describe("Agent", () => {
  guardEachTest();

  let before: Record<string, string | undefined>;
  beforeEach(() => {
    before = Object.fromEntries(VARIABLES.map((name) => [name, process.env[name]]));
    for (const name of VARIABLES) delete process.env[name];
  });
  afterEach(() => {
    for (const [name, value] of Object.entries(before)) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  });

  it("uses the proxy of the environment if none is set", async () => {
    await using proxy = await startChaosServer((peer) => peer.respond(502, {}, ""));
    process.env["HTTP_PROXY"] = `http://127.0.0.1:${proxy.port}`;
    const agent = createAgent({ connectTimeout: 1_000 });
    const { failure } = (await ask({ url: "https://service.invalid/v1", agent })).result;
    assert.match(failure?.message ?? "", /proxy refused .* 502/);
    assert.equal(proxy.requests[0]?.path, "service.invalid:443");
    await agent.destroy();
  });

  it("uses no proxy for hosts in NO_PROXY, or if it is told to connect directly", async () => {
    await using server = await startChaosServer(sendWholeAnswer);
    await using proxy = await startChaosServer((peer) => peer.close());
    process.env["HTTP_PROXY"] = `http://127.0.0.1:${proxy.port}`;
    const direct = createAgent({ connectTimeout: 1_000, direct: true });
    assertStreamComplete(await ask({ url: server.url, agent: direct }), TEXT);
    process.env["NO_PROXY"] = "127.0.0.1";
    const agent = createAgent({ connectTimeout: 1_000 });
    assertStreamComplete(await ask({ url: server.url, agent }), TEXT);
    assert.equal(proxy.connections, 0);
    await Promise.all([direct.destroy(), agent.destroy()]);
  });

  for (const url of ["proxy.example", "ftp://proxy.example", "http://"]) {
    it(`refuses ${url} as a proxy and shows what a proxy address looks like`, () => {
      assert.throws(
        () => createAgent({ connectTimeout: 1_000, proxy: { url } }),
        matchFailure("configuration"),
      );
      process.env["HTTPS_PROXY"] = url;
      assert.throws(() => createAgent({ connectTimeout: 1_000 }), /HTTPS_PROXY/);
    });
  }

  it("checks the environment only if it names a proxy, and never for direct connections", async () => {
    const plain = createAgent({ connectTimeout: 1_000 });
    process.env["HTTPS_PROXY"] = "http://127.0.0.1:9";
    const proxied = createAgent({ connectTimeout: 1_000 });
    const direct = createAgent({ connectTimeout: 1_000, direct: true });
    assert.ok(plain instanceof Agent);
    assert.ok(proxied instanceof EnvHttpProxyAgent);
    assert.ok(direct instanceof Agent);
    await Promise.all([plain.destroy(), proxied.destroy(), direct.destroy()]);
  });

  it("gives each stream a connection of its own", async () => {
    await using server = await startChaosServer(async (peer, nth) => {
      if (nth === 0) {
        await peer.sendStreamHead();
        await waitUntil(() => server.requests.length === 2, "the second request arrives");
        await peer.sendBody("data: [DONE]\n\n");
        await peer.endBody();
      } else await sendWholeAnswer(peer);
    });
    const [first, second] = await Promise.all([ask(server), ask(server)]);
    assertStreamComplete(first, "", "unknown");
    assertStreamComplete(second, TEXT);
    assert.equal(server.connections, 2);
  });
});
