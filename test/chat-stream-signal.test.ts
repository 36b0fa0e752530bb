import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { chatStream } from "../src/index.js";
import { guardEachTest } from "./support/runtime/guards.js";
import { sendAndStall, sendWholeAnswer, TEXT, WORDS } from "./support/services/answers.js";
import { startChaosServer } from "./support/services/chaos-server.js";
import type { Peer } from "./support/services/peer.js";
import { waitTicks } from "./support/waiting.js";
import { buildChatOptions, matchFailure } from "./support/worlds/started-stream.js";

describe("Chat stream with an abort signal", () => {
  guardEachTest();

  it("ends as cancelled with the text so far, and closes its connection, when the signal aborts", async () => {
    await using server = await startChaosServer(sendAndStall);
    const { signal, abort } = createController();
    const stream = chatStream(buildChatOptions(server), signal);
    const pieces: string[] = [];
    await assert.rejects(
      async () => {
        for await (const piece of stream.textDeltas()) {
          pieces.push(piece);
          if (pieces.length === WORDS.length) abort();
        }
      },
      matchFailure("cancelled", TEXT),
    );
    assert.deepEqual(pieces, WORDS);
    await server.waitUntilEmpty();
  });

  it("sends no request if the signal was aborted before", async () => {
    await using server = await startChaosServer(sendWholeAnswer);
    await chatStream(buildChatOptions(server)).collect();
    await assert.rejects(
      chatStream(buildChatOptions(server), AbortSignal.abort()).collect(),
      matchFailure("cancelled", ""),
    );
    await waitTicks(10);
    assert.equal(server.requests.length, 1);
  });

  it("ends at once if the signal aborts while it connects", async () => {
    await using server = await startChaosServer(sendWholeAnswer);
    const { signal, abort } = createController();
    const collected = chatStream(buildChatOptions(server), signal).collect();
    abort();
    await assert.rejects(collected, matchFailure("cancelled", ""));
    await waitTicks(10);
    assert.equal(server.requests.length, 0);
  });

  it("removes its listener from the signal, however it ends", async () => {
    await using server = await startChaosServer((peer, nth) =>
      ([sendWholeAnswer, sendAndStall, (peer: Peer) => peer.close()][nth] ?? sendAndStall)(peer),
    );
    const { signal } = createController();
    const listeners = () => getEventListeners(signal, "abort").length;
    await chatStream(buildChatOptions(server), signal).collect();
    assert.equal(listeners(), 0);
    for await (const _text of chatStream(buildChatOptions(server), signal).textDeltas()) {
      assert.equal(listeners(), 1);
      break;
    }
    assert.equal(listeners(), 0);
    await assert.rejects(chatStream(buildChatOptions(server), signal).collect());
    assert.equal(listeners(), 0);
    const closed = chatStream(buildChatOptions(server), signal);
    await closed.textDeltas().next();
    await closed.close();
    assert.equal(listeners(), 0, "even if nobody reads on");
  });

  it("shares one listener with other streams of the signal, and one abort ends them all", async () => {
    await using server = await startChaosServer(sendAndStall);
    const { signal, abort } = createController();
    const streams = Array.from({ length: 20 }, () => chatStream(buildChatOptions(server), signal));
    const texts = streams.map((stream) => stream.textDeltas());
    for (const reading of texts) await reading.next();
    assert.equal(getEventListeners(signal, "abort").length, 1);
    await streams[0]?.close();
    assert.equal(getEventListeners(signal, "abort").length, 1, "the others still listen");
    abort();
    for (const reading of texts.slice(1)) {
      await assert.rejects(reading.next(), matchFailure("cancelled", TEXT));
    }
    assert.deepEqual(await texts[0]?.next(), { done: true, value: undefined });
    assert.equal(getEventListeners(signal, "abort").length, 0);
    await server.waitUntilEmpty();
  });

  it("ignores an abort after its end", async () => {
    await using server = await startChaosServer(sendWholeAnswer);
    const { signal, abort } = createController();
    const stream = chatStream(buildChatOptions(server), signal);
    assert.equal((await stream.collect()).choices[0]?.message.content, TEXT);
    abort();
    assert.equal(stream.finalResponse?.choices[0]?.message.content, TEXT);
  });

  function createController(): { signal: AbortSignal; abort: () => void } {
    const made = new AbortController();
    return { signal: made.signal, abort: () => made.abort() };
  }
});
