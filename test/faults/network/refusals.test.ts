import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { guardEachTest } from "../../support/runtime/guards.js";
import { sendWholeAnswer, TEXT } from "../../support/services/answers.js";
import { startChaosServer } from "../../support/services/chaos-server.js";
import type { Peer } from "../../support/services/peer.js";
import { waitUntil } from "../../support/waiting.js";
import {
  ask,
  assertStreamComplete,
  assertStreamFailed,
  CANARY,
  SHORT_MS,
} from "../../support/worlds/started-stream.js";

describe("Response other than an answer", () => {
  guardEachTest();

  const bigMessages = [{ role: "user", content: "x".repeat(8_000_000) }];
  const refusal = JSON.stringify({ error: { message: "too large" } });

  for (const [status, code] of [
    [413, "invalid_request"],
    [401, "authentication"],
  ] as const) {
    it(`N20: fails with ${code} on a ${status} that comes before the service has read the request`, async () => {
      for (const leave of [
        (peer: Peer) => peer.close(),
        (peer: Peer) => peer.socket.destroySoon(),
        () => {},
      ]) {
        await using server = await startChaosServer(
          async (peer) => {
            await peer.readHead();
            peer.socket.pause();
            await peer.respond(status, { "content-type": "application/json", connection: "close" }, refusal);
            leave(peer);
            await peer.waitUntilGone();
          },
          { perConnection: true },
        );
        const failure = assertStreamFailed(await ask(server, { messages: bigMessages }), code, {
          phase: "headers",
          retryable: false,
          status,
        });
        assert.match(failure.message, /too large/);
      }
    });
  }

  it("N20: fails with the status and waiting time of a refusal whose body breaks off", async () => {
    await using server = await startChaosServer(async (peer) => {
      await peer.sendHead(429, { "content-type": "application/json", "retry-after": "7" }, 5_000);
      await peer.sendBody('{"error":{"message":"Slow down');
      await pause(5);
      peer.reset();
    });
    const failure = assertStreamFailed(await ask(server), "rate_limit", {
      phase: "headers",
      retryable: true,
      status: 429,
    });
    assert.equal(failure.retryAfterMs, 7_000);
  });

  it("fails after a short wait on a refusal whose body never ends", async () => {
    await using server = await startChaosServer(async (peer) => {
      await peer.sendHead(503, { "content-type": "text/plain" });
      await peer.sendBody("upstream is down");
      await peer.waitUntilGone();
    });
    const answer = await ask(server, { timeouts: { drain: SHORT_MS } });
    const failure = assertStreamFailed(answer, "overloaded", {
      phase: "headers",
      retryable: true,
      status: 503,
    });
    assert.match(failure.message, /upstream is down/);
    await server.waitUntilEmpty();
  });

  for (const status of [301, 302, 303, 307, 308]) {
    it(`N22: does not follow a redirect (${status}) or quote its target`, async () => {
      await using server = await startChaosServer((peer) =>
        peer.respond(status, { location: "/v2/chat/completions?token=target-secret" }, ""),
      );
      const failure = assertStreamFailed(await ask(server), "bad_response", {
        phase: "headers",
        retryable: false,
        status,
      });
      assert.match(failure.message, new RegExp(`redirect \\(${status}\\)`));
      assert.doesNotMatch(failure.message, /target-secret/);
      assert.equal(server.requests.length, 1);
    });

    it(`N23: sends neither the request nor the key to the other host of a redirect (${status})`, async () => {
      await using other = await startChaosServer(sendWholeAnswer);
      await using server = await startChaosServer((peer) =>
        peer.respond(status, { location: other.url }, "moved"),
      );
      assertStreamFailed(await ask(server, { headers: { "x-api-key": CANARY } }), "bad_response", {
        phase: "headers",
        retryable: false,
        status,
      });
      await pause(5);
      assert.deepEqual([other.connections, other.requests.length], [0, 0]);
    });
  }

  it("N22: reads the next response correctly after a service refused a request at once", async () => {
    await using server = await startChaosServer((peer, nth) =>
      nth % 2 === 0
        ? peer.respond(500, { "content-type": "application/json" }, refusal)
        : sendWholeAnswer(peer),
    );
    for (let round = 0; round < 10; round++) {
      assertStreamFailed(await ask(server), "server_error", {
        phase: "headers",
        retryable: true,
        status: 500,
      });
      assertStreamComplete(await ask(server), TEXT);
    }
    await waitUntil(() => server.requests.length === 20, "all requests came");
  });
});
