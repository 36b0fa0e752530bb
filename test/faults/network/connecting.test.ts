import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { createAgent } from "../../../src/transport/agent.js";
import { guardEachTest } from "../../support/runtime/guards.js";
import { sendWholeAnswer, TEXT } from "../../support/services/answers.js";
import { type Certificate, createCertificate } from "../../support/services/certificates.js";
import { startChaosServer } from "../../support/services/chaos-server.js";
import {
  ask,
  assertStreamComplete,
  assertStreamFailed,
  SHORT_MS,
} from "../../support/worlds/started-stream.js";

describe("Connection that fails", () => {
  guardEachTest();

  for (const code of ["ENOTFOUND", "EAI_AGAIN"]) {
    it(`N01: fails with a retryable connection error if a name cannot be resolved (${code})`, async () => {
      const lookup = (_host: string, _options: object, callback: (error: Error) => void) =>
        callback(Object.assign(new Error(`getaddrinfo ${code} nowhere.invalid`), { code }));
      const agent = createAgent({ connectTimeout: 1_000, direct: true, tls: { lookup } });
      const answer = await ask({ url: "https://nowhere.invalid/v1", agent });
      const failure = assertStreamFailed(answer, "connection", { phase: "connect", retryable: true });
      assert.match(failure.message, /nowhere\.invalid cannot be resolved/);
      await agent.destroy();
    });
  }

  it("N02: fails with a retryable connection error if the connection is refused", async () => {
    const closed = createServer();
    await new Promise<void>((resolve) => closed.listen(0, "127.0.0.1", resolve));
    const { port } = closed.address() as { port: number };
    await new Promise((resolve) => closed.close(resolve));
    const agent = createAgent({ connectTimeout: 1_000, direct: true });
    const answer = await ask({ url: `http://127.0.0.1:${port}/v1`, agent });
    const failure = assertStreamFailed(answer, "connection", { phase: "connect", retryable: true });
    assert.match(failure.message, /refuses connections/);
    await agent.destroy();
  });

  it("N03: times out while connecting, not early, if the name server never answers", async () => {
    const agent = createAgent({ connectTimeout: 1_000, direct: true, tls: { lookup: () => {} } });
    const answer = await ask({ url: "https://slow.invalid/v1", agent }, { timeouts: { connect: SHORT_MS } });
    assertStreamFailed(answer, "timeout", { phase: "connect", retryable: true });
    assert.ok(answer.result.stats.durationMs >= SHORT_MS - 1);
    await agent.destroy();
  });

  it("N03: times out while connecting if the TLS handshake never ends", async () => {
    await using server = await startChaosServer((peer) => peer.waitUntilGone(), { perConnection: true });
    const url = server.url.replace("http:", "https:");
    const answer = await ask({ url, agent: server.agent }, { timeouts: { connect: SHORT_MS } });
    assertStreamFailed(answer, "timeout", { phase: "connect", retryable: true });
    assert.equal(server.requests.length, 0);
  });

  it("N03: times out while connecting if undici's own deadline passes first", async () => {
    await using server = await startChaosServer((peer) => peer.waitUntilGone(), {
      perConnection: true,
      client: { connectTimeout: SHORT_MS },
    });
    const url = server.url.replace("http:", "https:");
    const answer = await ask({ url, agent: server.agent });
    assertStreamFailed(answer, "timeout", { phase: "connect", retryable: true });
    await server.waitUntilEmpty();
  });

  describe("N04: invalid certificate", () => {
    const authority = createCertificate({ name: "Test authority", authority: true });
    const issueCertificate = (hosts: string[], validity?: [Date, Date]): Certificate =>
      createCertificate({ name: "service", issuer: authority, hosts, ...(validity ? { validity } : {}) });
    const past: [Date, Date] = [new Date("2020-01-01"), new Date("2021-01-01")];
    const future: [Date, Date] = [new Date("2090-01-01"), new Date("2091-01-01")];
    const cases: [string, Certificate, RegExp][] = [
      ["self-signed", createCertificate({ name: "lonely", hosts: ["127.0.0.1"] }), /SELF_SIGNED/],
      ["expired", issueCertificate(["127.0.0.1"], past), /CERT_HAS_EXPIRED/],
      ["not yet valid", issueCertificate(["127.0.0.1"], future), /CERT_NOT_YET_VALID/],
      ["for another name", issueCertificate(["other.example"]), /ERR_TLS_CERT_ALTNAME_INVALID/],
    ];

    for (const [problem, tls, code] of cases) {
      it(`N04: fails without a retry and sends no request if the certificate is ${problem}`, async () => {
        await using server = await startChaosServer(sendWholeAnswer, {
          tls,
          client: { tls: { ca: authority.cert } },
        });
        const failure = assertStreamFailed(await ask(server), "connection", {
          phase: "connect",
          retryable: false,
        });
        assert.match(failure.message, code);
        assert.equal(server.requests.length, 0);
        await pause(SHORT_MS);
        assert.ok(server.connections <= 1, "no second connection is tried");
      });
    }

    it("N04: refuses a certificate of an unknown authority, and accepts it if the settings have the authority", async () => {
      const tls = issueCertificate(["127.0.0.1"]);
      await using untrusted = await startChaosServer(sendWholeAnswer, { tls });
      assertStreamFailed(await ask(untrusted), "connection", { phase: "connect", retryable: false });
      await using trusted = await startChaosServer(sendWholeAnswer, {
        tls,
        client: { tls: { ca: authority.cert } },
      });
      assertStreamComplete(await ask(trusted), TEXT);
    });
  });

  it("N05: fails without a retry if the service speaks plain HTTP on its TLS port", async () => {
    await using server = await startChaosServer(
      async (peer) => {
        await peer.write("HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n");
        peer.close();
      },
      { perConnection: true },
    );
    const url = server.url.replace("http:", "https:");
    const answer = await ask({ url, agent: server.agent });
    const failure = assertStreamFailed(answer, "connection", { phase: "connect", retryable: false });
    assert.match(failure.message, /No secure connection/);
  });

  it("N19: fails with a retryable error and never sends twice if a kept connection closes during the request", async () => {
    const requestCount = 200;
    await using server = await startChaosServer(async (peer) => {
      await sendWholeAnswer(peer);
      // The next request may cross this on the wire.
      setImmediate(() => (server.requests.length % 2 === 0 ? peer.close() : peer.reset()));
    });
    let failed = 0;
    for (let round = 0; round < requestCount; round++) {
      const before = server.requests.length;
      const answer = await ask(server, { messages: [{ role: "user", content: `round ${round}` }] });
      if (answer.result.outcome === "failed") {
        failed++;
        const { code, retryable, partial, phase } = answer.result.failure!;
        assert.deepEqual([code, retryable, partial], ["connection", true, ""]);
        assert.ok(phase === "headers" || phase === "connect");
      }
      assert.ok(server.requests.length - before <= 1, "the request is sent at most once");
    }
    assert.ok(failed < requestCount);
  });

  it("N19: fails with a retryable connection error if the service closes the connection without a response", async () => {
    await using server = await startChaosServer((peer) => peer.close());
    assertStreamFailed(await ask(server), "connection", { phase: "headers", retryable: true });
    assert.equal(server.requests.length, 1);
  });

  it("N25: fails to connect without free file descriptors, and completes once some are free", async () => {
    const tsx = join(__dirname, "../../../node_modules/tsx/dist/loader.mjs");
    const { stdout } = await promisify(execFile)(
      "/bin/sh",
      [
        "-c",
        'ulimit -n 256; exec "$0" "$@"',
        process.execPath,
        `--import=file://${tsx}`,
        join(__dirname, "../../support/runtime/starved-child.ts"),
      ],
      { timeout: 60_000 },
    );
    assert.deepEqual(JSON.parse(stdout), ["complete", "connection connect true", "complete"]);
  });
});
