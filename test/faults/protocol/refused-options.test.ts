import assert from "node:assert/strict";
import { guardEachTest } from "../../support/runtime/guards.js";
import { sendWholeAnswer, TEXT } from "../../support/services/answers.js";
import { startChaosServer } from "../../support/services/chaos-server.js";
import { waitUntil } from "../../support/waiting.js";
import {
  ask,
  assertStreamComplete,
  assertStreamFailed,
  startStream,
} from "../../support/worlds/started-stream.js";

const JSON_TYPE = { "content-type": "application/json" };

describe("Service that refuses stream_options", () => {
  guardEachTest();

  const refusal = '{"error":{"message":"Unrecognized request argument: stream_options"}}';
  const hasStreamOptions = (body: string): boolean => "stream_options" in JSON.parse(body);

  it("is asked once more without stream_options, and never with them again", async () => {
    const memory = {};
    await using server = await startChaosServer((peer) =>
      hasStreamOptions(peer.request.body) ? peer.respond(400, JSON_TYPE, refusal) : sendWholeAnswer(peer),
    );
    assertStreamComplete(await ask(server, { memory }), TEXT);
    assertStreamComplete(await ask(server, { memory }), TEXT);
    assert.deepEqual(
      server.requests.map((request) => hasStreamOptions(request.body)),
      [true, false, false],
    );
  });

  it("gets every pending request again when it refuses stream_options of several at once", async () => {
    const waiting: (() => unknown)[] = [];
    await using server = await startChaosServer(async (peer) => {
      if (!hasStreamOptions(peer.request.body)) return sendWholeAnswer(peer);
      waiting.push(() => peer.respond(400, JSON_TYPE, refusal));
      if (waiting.length === 3) await Promise.all(waiting.map((refuse) => refuse()));
    });
    const memory = {};
    const answers = await Promise.all([1, 2, 3].map(() => ask(server, { memory })));
    for (const one of answers) assertStreamComplete(one, TEXT);
    assert.equal(server.requests.length, 6);
  });

  it("is remembered by its base URL if the caller keeps no memory", async () => {
    await using server = await startChaosServer((peer) =>
      hasStreamOptions(peer.request.body) ? peer.respond(400, JSON_TYPE, refusal) : sendWholeAnswer(peer),
    );
    for (const apiKey of ["one", "other"])
      assertStreamComplete(await ask(server, { apiKey, headers: {} }), TEXT);
    assert.equal(server.requests.length, 3);
  });

  it("gets stream_options again next time if the request fails without them, too", async () => {
    const memory = {};
    await using server = await startChaosServer((peer) => peer.respond(400, JSON_TYPE, refusal));
    for (const _time of [1, 2]) {
      const expected = { phase: "headers", retryable: false, status: 400 } as const;
      assertStreamFailed(await ask(server, { memory }), "invalid_request", expected);
    }
    assert.deepEqual(
      server.requests.map((request) => hasStreamOptions(request.body)),
      [true, false, true, false],
    );
  });

  it("fails the stream as a connection failure if it hangs up on the request without stream_options", async () => {
    await using server = await startChaosServer((peer) =>
      hasStreamOptions(peer.request.body) ? peer.respond(400, JSON_TYPE, refusal) : peer.close(),
    );
    assertStreamFailed(await ask(server), "connection", { phase: "headers", retryable: true });
    assert.equal(server.requests.length, 2);
  });

  it("times out in the headers if it does not answer the request without stream_options", async () => {
    await using server = await startChaosServer((peer) =>
      hasStreamOptions(peer.request.body) ? peer.respond(400, JSON_TYPE, refusal) : peer.waitUntilGone(),
    );
    const answer = await ask(server, { timeouts: { drain: 10, headers: 60 } });
    assertStreamFailed(answer, "timeout", { phase: "headers", retryable: true });
  });

  it("is cancelled while the request without stream_options is pending", async () => {
    await using server = await startChaosServer(async (peer) => {
      if (hasStreamOptions(peer.request.body)) await peer.respond(400, JSON_TYPE, refusal);
      else {
        stream.cancel();
        await peer.waitUntilGone();
      }
    });
    const stream = startStream(server);
    assert.equal((await stream.finished).result.outcome, "cancelled");
    // The connection of the first request may be kept, because its response ended properly.
    await waitUntil(() => server.peers.size <= 1, "the second request's connection is gone");
  });
});
