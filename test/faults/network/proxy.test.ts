import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { createAgent } from "../../../src/transport/agent.js";
import { guardEachTest } from "../../support/runtime/guards.js";
import { sendWholeAnswer, TEXT } from "../../support/services/answers.js";
import { createCertificate } from "../../support/services/certificates.js";
import { startChaosServer } from "../../support/services/chaos-server.js";
import type { Peer } from "../../support/services/peer.js";
import {
  ask,
  assertStreamComplete,
  assertStreamFailed,
  CANARY,
  containsSecret,
  SHORT_MS,
} from "../../support/worlds/started-stream.js";

describe("Proxy", () => {
  guardEachTest();

  const page = "<html><body>Please log in</body></html>";
  /** Where a request goes that uses the proxy at this port. */
  const createTarget = (url: string, port: number) => ({
    url,
    agent: createAgent({ connectTimeout: 2_000, proxy: { url: `http://127.0.0.1:${port}`, ...LOGIN } }),
  });
  const LOGIN = { username: "me", password: "proxy-secret" };

  for (const [status, retryable] of [
    [407, false],
    [403, false],
    [502, true],
  ] as const) {
    it(`N24: fails to connect if a proxy answers ${status} with a web page, without reading the page`, async () => {
      await using proxy = await startChaosServer((peer) =>
        peer.respond(status, { "content-type": "text/html" }, page),
      );
      const target = createTarget("https://service.invalid/v1", proxy.port);
      const failure = assertStreamFailed(await ask(target), "connection", { phase: "connect", retryable });
      assert.match(failure.message, new RegExp(`proxy refused .* ${status}`));
      assert.doesNotMatch(failure.message, /log in/);
      assert.equal(proxy.requests[0]?.method, "CONNECT");
      assert.ok(!containsSecret(JSON.stringify(proxy.requests), CANARY), "the proxy does not get the key");
      await target.agent.destroy();
    });
  }

  for (const [how, hangUp] of [
    ["hangs up", (peer: Peer) => peer.close()],
    ["resets", (peer: Peer) => peer.reset()],
    ["speaks no HTTP", (peer: Peer) => peer.write("220 smtp.example ESMTP\r\n")],
  ] as const) {
    it(`N24: fails to connect, without trying again, if a proxy ${how}`, async () => {
      await using proxy = await startChaosServer(hangUp);
      const target = createTarget("https://service.invalid/v1", proxy.port);
      assertStreamFailed(await ask(target), "connection", { phase: "connect", retryable: true });
      const { connections } = proxy;
      await pause(SHORT_MS);
      assert.equal(proxy.connections, connections);
      assert.equal(connections, 1);
      await target.agent.destroy();
    });
  }

  it("N24: times out while connecting if a proxy sends nothing, and closes its connection", async () => {
    await using proxy = await startChaosServer((peer) => peer.waitUntilGone());
    const target = createTarget("https://service.invalid/v1", proxy.port);
    assertStreamFailed(await ask(target, { timeouts: { connect: SHORT_MS } }), "timeout", {
      phase: "connect",
      retryable: true,
    });
    await target.agent.destroy();
    await proxy.waitUntilEmpty();
  });

  it("sends requests through a tunnel of the proxy, which gets its own login and not the key", async () => {
    const authority = createCertificate({ name: "Test authority", authority: true });
    const tls = createCertificate({ name: "service", issuer: authority, hosts: ["service.invalid"] });
    await using server = await startChaosServer(sendWholeAnswer, { tls });
    await using proxy = await startChaosServer(
      openTunnelTo(() => server.port),
      { perConnection: true },
    );
    const agent = createAgent({
      connectTimeout: 2_000,
      tls: { ca: authority.cert },
      proxy: { url: `http://127.0.0.1:${proxy.port}`, ...LOGIN },
    });
    assertStreamComplete(await ask({ url: "https://service.invalid/v1", agent }), TEXT);
    assertStreamComplete(await ask({ url: "https://service.invalid/v1", agent }), TEXT);
    assert.equal(proxy.connections, 1, "the tunnel is used again");
    await agent.destroy();
  });

  it("connects directly to a host in noProxy", async () => {
    await using server = await startChaosServer(sendWholeAnswer);
    await using proxy = await startChaosServer((peer) => peer.close());
    const agent = createAgent({
      connectTimeout: 2_000,
      proxy: { url: `http://127.0.0.1:${proxy.port}`, noProxy: ["127.0.0.1"] },
    });
    assertStreamComplete(await ask({ url: server.url, agent }), TEXT);
    assert.equal(proxy.connections, 0);
    await agent.destroy();
  });

  /** A script for a proxy that checks the login and opens a tunnel. */
  function openTunnelTo(port: () => number): (peer: Peer) => Promise<void> {
    return async (peer) => {
      const head = await peer.readHead();
      assert.equal(head?.path, "service.invalid:443");
      const login = Buffer.from(`${LOGIN.username}:${LOGIN.password}`).toString("base64");
      assert.equal(head?.headers["proxy-authorization"], `Basic ${login}`);
      assert.equal(head?.headers["authorization"], undefined);
      await peer.openTunnel(port());
    };
  }
});
