import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { createAgent } from "../../src/transport/agent.js";
import { guardEachTest } from "../support/runtime/guards.js";
import { sendWholeAnswer, TEXT } from "../support/services/answers.js";
import { type Certificate, createCertificate } from "../support/services/certificates.js";
import { startChaosServer } from "../support/services/chaos-server.js";
import { ask, assertComplete, assertFailed } from "../support/worlds/asking.js";

const SOON = 40;

describe("Faults of the network, while connecting", () => {
  guardEachTest();

  for (const code of ["ENOTFOUND", "EAI_AGAIN"]) {
    it(`N01: a name that cannot be resolved (${code}) is a connection failure that may pass`, async () => {
      const lookup = (_host: string, _options: object, callback: (error: Error) => void) =>
        callback(Object.assign(new Error(`getaddrinfo ${code} nowhere.invalid`), { code }));
      const agent = createAgent({ connectTimeout: 1_000, direct: true, tls: { lookup } });
      const told = await ask({ url: "https://nowhere.invalid/v1", agent });
      const failure = assertFailed(told, "connection", { phase: "connect", retryable: true });
      assert.match(failure.message, /nowhere\.invalid cannot be resolved/);
      await agent.destroy();
    });
  }

  it("N02: a refused connection is a connection failure that may pass", async () => {
    const closed = createServer();
    await new Promise<void>((resolve) => closed.listen(0, "127.0.0.1", resolve));
    const { port } = closed.address() as { port: number };
    await new Promise((resolve) => closed.close(resolve));
    const agent = createAgent({ connectTimeout: 1_000, direct: true });
    const told = await ask({ url: `http://127.0.0.1:${port}/v1`, agent });
    const failure = assertFailed(told, "connection", { phase: "connect", retryable: true });
    assert.match(failure.message, /refuses connections/);
    await agent.destroy();
  });

  it("N03: a name server that never answers is a timeout while connecting, not before its time", async () => {
    const agent = createAgent({ connectTimeout: 1_000, direct: true, tls: { lookup: () => {} } });
    const told = await ask({ url: "https://slow.invalid/v1", agent }, { timeouts: { connect: SOON } });
    assertFailed(told, "timeout", { phase: "connect", retryable: true });
    assert.ok(told.result.stats.durationMs >= SOON - 1);
    await agent.destroy();
  });

  it("N03: a connection whose handshake never ends is one too", async () => {
    await using server = await startChaosServer((peer) => peer.waitUntilGone(), { perConnection: true });
    const url = server.url.replace("http:", "https:");
    const told = await ask({ url, agent: server.agent }, { timeouts: { connect: SOON } });
    assertFailed(told, "timeout", { phase: "connect", retryable: true });
    assert.equal(server.requests.length, 0);
  });

  it("N03: undici's own deadline for connecting, the backstop, means the same", async () => {
    await using server = await startChaosServer((peer) => peer.waitUntilGone(), {
      perConnection: true,
      client: { connectTimeout: SOON },
    });
    const url = server.url.replace("http:", "https:");
    const told = await ask({ url, agent: server.agent });
    assertFailed(told, "timeout", { phase: "connect", retryable: true });
    await server.waitUntilEmpty();
  });

  describe("N04: a certificate that is not good", () => {
    const authority = createCertificate({ name: "Test authority", authority: true });
    const issued = (hosts: string[], validity?: [Date, Date]): Certificate =>
      createCertificate({ name: "service", issuer: authority, hosts, ...(validity ? { validity } : {}) });
    const past: [Date, Date] = [new Date("2020-01-01"), new Date("2021-01-01")];
    const future: [Date, Date] = [new Date("2090-01-01"), new Date("2091-01-01")];
    const cases: [string, Certificate, RegExp][] = [
      ["self-signed", createCertificate({ name: "lonely", hosts: ["127.0.0.1"] }), /SELF_SIGNED/],
      ["expired", issued(["127.0.0.1"], past), /CERT_HAS_EXPIRED/],
      ["not yet valid", issued(["127.0.0.1"], future), /CERT_NOT_YET_VALID/],
      ["for another name", issued(["other.example"]), /ERR_TLS_CERT_ALTNAME_INVALID/],
    ];

    for (const [what, tls, code] of cases) {
      it(`N04: ${what}, is refused for good, and no request is sent`, async () => {
        await using server = await startChaosServer(sendWholeAnswer, {
          tls,
          client: { tls: { ca: authority.cert } },
        });
        const failure = assertFailed(await ask(server), "connection", { phase: "connect", retryable: false });
        assert.match(failure.message, code);
        assert.equal(server.requests.length, 0);
        await pause(SOON);
        assert.ok(server.connections <= 1, "nobody tries again by himself");
      });
    }

    it("N04: by an authority that nobody trusts, is refused; with its certificate in the settings it is fine", async () => {
      const tls = issued(["127.0.0.1"]);
      await using stranger = await startChaosServer(sendWholeAnswer, { tls });
      assertFailed(await ask(stranger), "connection", { phase: "connect", retryable: false });
      await using known = await startChaosServer(sendWholeAnswer, {
        tls,
        client: { tls: { ca: authority.cert } },
      });
      assertComplete(await ask(known), TEXT);
    });
  });

  it("N05: plain HTTP spoken on the TLS port is a failure to connect securely", async () => {
    await using server = await startChaosServer(
      async (peer) => {
        await peer.write("HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n");
        peer.close();
      },
      { perConnection: true },
    );
    const url = server.url.replace("http:", "https:");
    const told = await ask({ url, agent: server.agent });
    const failure = assertFailed(told, "connection", { phase: "connect", retryable: false });
    assert.match(failure.message, /No secure connection/);
  });

  it("N19: a kept connection that closes as we write fails uncommitted and is never sent twice", async () => {
    const rounds = 200;
    await using server = await startChaosServer(async (peer) => {
      await sendWholeAnswer(peer);
      // The next request may cross this on the wire.
      setImmediate(() => (server.requests.length % 2 === 0 ? peer.close() : peer.reset()));
    });
    let failed = 0;
    for (let round = 0; round < rounds; round++) {
      const before = server.requests.length;
      const told = await ask(server, { messages: [{ role: "user", content: `round ${round}` }] });
      if (told.result.outcome === "failed") {
        failed++;
        const { code, retryable, partial, phase } = told.result.failure!;
        assert.deepEqual([code, retryable, partial], ["connection", true, ""]);
        assert.ok(phase === "headers" || phase === "connect");
      }
      assert.ok(server.requests.length - before <= 1, "sent once at most");
    }
    assert.ok(failed < rounds);
  });

  it("N19: a request that meets a closed connection is a connection failure in the headers", async () => {
    await using server = await startChaosServer((peer) => peer.close());
    assertFailed(await ask(server), "connection", { phase: "headers", retryable: true });
    assert.equal(server.requests.length, 1);
  });

  it("N25: out of file descriptors is a connection failure, and all is well when there are some again", async () => {
    const tsx = join(__dirname, "../../node_modules/tsx/dist/loader.mjs");
    const { stdout } = await promisify(execFile)(
      "/bin/sh",
      [
        "-c",
        'ulimit -n 256; exec "$0" "$@"',
        process.execPath,
        `--import=file://${tsx}`,
        join(__dirname, "../support/runtime/starved.ts"),
      ],
      { timeout: 60_000 },
    );
    assert.deepEqual(JSON.parse(stdout), ["complete", "connection connect true", "complete"]);
  }).timeout(60_000);
});
