import assert from "node:assert/strict";
import { Agent } from "undici";
import { createAgent, findProxy } from "../../src/transport/agent.js";
import { PROXY_VARIABLES, useEnvironment } from "../support/runtime/environment.js";
import { guardEachTest } from "../support/runtime/guards.js";
import { sendWholeAnswer, TEXT } from "../support/services/answers.js";
import { startChaosServer } from "../support/services/chaos-server.js";
import { waitUntil } from "../support/waiting.js";
import { ask, assertStreamComplete, matchFailure } from "../support/worlds/started-stream.js";

describe("Agent", () => {
  guardEachTest();

  useEnvironment(PROXY_VARIABLES);

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

  it("asks this machine and names without a dot directly, whatever the environment says", async () => {
    process.env["HTTPS_PROXY"] = "http://127.0.0.1:9";
    const agent = createAgent({ connectTimeout: 1_000 });
    for (const host of ["http://127.0.0.1:11434", "http://localhost", "http://ollama:11434", "https://vllm"])
      assert.equal(findProxy(agent, new URL(host)), undefined, host);
    assert.equal(findProxy(agent, new URL("https://service.invalid")), "127.0.0.1:9");
    await agent.destroy();
  });

  for (const url of ["proxy.example", "ftp://proxy.example", "http://"]) {
    it(`refuses ${url} as a proxy and shows what a proxy address looks like`, () => {
      assert.throws(
        () => createAgent({ connectTimeout: 1_000, proxy: { url } }),
        matchFailure("configuration"),
      );
    });
  }

  for (const address of [
    "ftp://proxy.example",
    "http://",
    "http://proxy.example:port",
    "http://me:%zz@proxy.example",
  ]) {
    it(`fails only the requests that need it if HTTPS_PROXY is ${address}`, async () => {
      await using server = await startChaosServer(sendWholeAnswer);
      process.env["HTTPS_PROXY"] = address;
      const agent = createAgent({ connectTimeout: 1_000 });
      const { failure } = (await ask({ url: "https://service.invalid/v1", agent })).result;
      assert.equal(failure?.code, "configuration");
      assert.match(failure?.message ?? "", /^The environment variable HTTPS_PROXY .*NO_PROXY\.$/);
      assert.equal(failure?.retryable, false);
      assertStreamComplete(await ask({ url: server.url, agent }), TEXT);
      await agent.destroy();
    });
  }

  for (const form of ["127.0.0.1:PORT", "localhost:PORT", "//127.0.0.1:PORT", " http://127.0.0.1:PORT/ "]) {
    it(`takes a proxy variable of the form ${form} as a proxy that is asked by http`, async () => {
      await using proxy = await startChaosServer((peer) => peer.respond(502, {}, ""));
      process.env["HTTPS_PROXY"] = form.replace("PORT", String(proxy.port));
      const agent = createAgent({ connectTimeout: 1_000 });
      await ask({ url: "https://service.invalid/v1", agent });
      assert.equal(proxy.requests[0]?.path, "service.invalid:443");
      await agent.destroy();
    });
  }

  it("checks the environment only if it names a proxy, and never for direct connections", async () => {
    const plain = createAgent({ connectTimeout: 1_000 });
    process.env["HTTPS_PROXY"] = "http://127.0.0.1:9";
    const proxied = createAgent({ connectTimeout: 1_000 });
    const direct = createAgent({ connectTimeout: 1_000, direct: true });
    assert.ok(plain instanceof Agent);
    assert.ok(!(proxied instanceof Agent));
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
    const asked = ask(server);
    await waitUntil(() => server.requests.length === 1, "the first request arrives");
    const [first, second] = await Promise.all([asked, ask(server)]);
    assertStreamComplete(first, "", "unknown");
    assertStreamComplete(second, TEXT);
    assert.equal(server.connections, 2);
  });
});
