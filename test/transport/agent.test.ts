import assert from "node:assert/strict";
import { Agent, EnvHttpProxyAgent } from "undici";
import { createAgent } from "../../src/transport/agent.js";
import { guardEachTest } from "../support/runtime/guards.js";
import { sendWholeAnswer, TEXT } from "../support/services/answers.js";
import { startChaosServer } from "../support/services/chaos-server.js";
import { until } from "../support/waiting.js";
import { ask, assertComplete, isFailure } from "../support/worlds/asking.js";

const VARIABLES = ["http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"];

describe("The pool of connections", () => {
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

  it("takes the proxy of the environment where none is set", async () => {
    await using proxy = await startChaosServer((peer) => peer.respond(502, {}, ""));
    process.env["HTTP_PROXY"] = `http://127.0.0.1:${proxy.port}`;
    const agent = createAgent({ connectTimeout: 1_000 });
    const { failure } = (await ask({ url: "https://service.invalid/v1", agent })).result;
    assert.match(failure?.message ?? "", /proxy refused .* 502/);
    assert.equal(proxy.requests[0]?.path, "service.invalid:443");
    await agent.destroy();
  });

  it("goes past it where the environment says so, and where it is told to go directly", async () => {
    await using server = await startChaosServer(sendWholeAnswer);
    await using proxy = await startChaosServer((peer) => peer.close());
    process.env["HTTP_PROXY"] = `http://127.0.0.1:${proxy.port}`;
    const direct = createAgent({ connectTimeout: 1_000, direct: true });
    assertComplete(await ask({ url: server.url, agent: direct }), TEXT);
    process.env["NO_PROXY"] = "127.0.0.1";
    const agent = createAgent({ connectTimeout: 1_000 });
    assertComplete(await ask({ url: server.url, agent }), TEXT);
    assert.equal(proxy.connections, 0);
    await Promise.all([direct.destroy(), agent.destroy()]);
  });

  for (const url of ["proxy.example", "ftp://proxy.example", "http://"]) {
    it(`does not take ${url} for a proxy, and says what one looks like`, () => {
      assert.throws(() => createAgent({ connectTimeout: 1_000, proxy: { url } }), isFailure("configuration"));
      process.env["HTTPS_PROXY"] = url;
      assert.throws(() => createAgent({ connectTimeout: 1_000 }), /HTTPS_PROXY/);
    });
  }

  it("looks at the environment for a proxy only where it names one, and never for a server of our own", async () => {
    const plain = createAgent({ connectTimeout: 1_000 });
    process.env["HTTPS_PROXY"] = "http://127.0.0.1:9";
    const proxied = createAgent({ connectTimeout: 1_000 });
    const direct = createAgent({ connectTimeout: 1_000, direct: true });
    assert.ok(plain instanceof Agent);
    assert.ok(proxied instanceof EnvHttpProxyAgent);
    assert.ok(direct instanceof Agent);
    await Promise.all([plain.destroy(), proxied.destroy(), direct.destroy()]);
  });

  it("gives a stream a connection of its own while another streams", async () => {
    await using server = await startChaosServer(async (peer, nth) => {
      if (nth === 0) {
        await peer.sendStreamHead();
        await until(() => server.requests.length === 2, "the other asks");
        await peer.sendBody("data: [DONE]\n\n");
        await peer.endBody();
      } else await sendWholeAnswer(peer);
    });
    const [first, second] = await Promise.all([ask(server), ask(server)]);
    assertComplete(first, "", "unknown");
    assertComplete(second, TEXT);
    assert.equal(server.connections, 2);
  });
});
