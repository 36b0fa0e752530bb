import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { chatStream } from "../src/index.js";
import { guardEachTest } from "./support/runtime/guards.js";
import { sendAndStall, sendWholeAnswer, TEXT, WORDS } from "./support/services/answers.js";
import { startChaosServer } from "./support/services/chaos-server.js";
import type { Peer } from "./support/services/peer.js";
import { turns } from "./support/waiting.js";
import { isFailure, question } from "./support/worlds/asking.js";

describe("A chat stream with a signal", () => {
  guardEachTest();

  it("ends with a failure that says so and what had come, and frees its connection", async () => {
    await using server = await startChaosServer(sendAndStall);
    const { signal, abort } = controller();
    const stream = chatStream(question(server), signal);
    const pieces: string[] = [];
    await assert.rejects(
      async () => {
        for await (const piece of stream.textDeltas()) {
          pieces.push(piece);
          if (pieces.length === WORDS.length) abort();
        }
      },
      isFailure("cancelled", TEXT),
    );
    assert.deepEqual(pieces, WORDS);
    await server.waitUntilEmpty();
  });

  it("aborted before, asks nobody", async () => {
    await using server = await startChaosServer(sendWholeAnswer);
    await chatStream(question(server)).collect();
    await assert.rejects(
      chatStream(question(server), AbortSignal.abort()).collect(),
      isFailure("cancelled", ""),
    );
    await turns(10);
    assert.equal(server.requests.length, 1);
  });

  it("aborted while it connects, ends at once", async () => {
    await using server = await startChaosServer(sendWholeAnswer);
    const { signal, abort } = controller();
    const collected = chatStream(question(server), signal).collect();
    abort();
    await assert.rejects(collected, isFailure("cancelled", ""));
    await turns(10);
    assert.equal(server.requests.length, 0);
  });

  it("takes its listener off the signal, however it ends", async () => {
    await using server = await startChaosServer((peer, nth) =>
      ([sendWholeAnswer, sendAndStall, (gone: Peer) => gone.close()][nth] ?? sendAndStall)(peer),
    );
    const { signal } = controller();
    const listeners = () => getEventListeners(signal, "abort").length;
    await chatStream(question(server), signal).collect();
    assert.equal(listeners(), 0);
    for await (const _text of chatStream(question(server), signal).textDeltas()) {
      assert.equal(listeners(), 1);
      break;
    }
    assert.equal(listeners(), 0);
    await assert.rejects(chatStream(question(server), signal).collect());
    assert.equal(listeners(), 0);
    const closed = chatStream(question(server), signal);
    await closed.textDeltas().next();
    await closed.close();
    assert.equal(listeners(), 0, "though nobody reads on");
  });

  it("shared by many has one listener, and one abort ends them all", async () => {
    await using server = await startChaosServer(sendAndStall);
    const { signal, abort } = controller();
    const streams = Array.from({ length: 20 }, () => chatStream(question(server), signal));
    const texts = streams.map((stream) => stream.textDeltas());
    for (const reading of texts) await reading.next();
    assert.equal(getEventListeners(signal, "abort").length, 1);
    await streams[0]?.close();
    assert.equal(getEventListeners(signal, "abort").length, 1, "the others still listen");
    abort();
    for (const reading of texts.slice(1)) {
      await assert.rejects(reading.next(), isFailure("cancelled", TEXT));
    }
    assert.deepEqual(await texts[0]?.next(), { done: true, value: undefined });
    assert.equal(getEventListeners(signal, "abort").length, 0);
    await server.waitUntilEmpty();
  });

  it("aborted after its end changes nothing", async () => {
    await using server = await startChaosServer(sendWholeAnswer);
    const { signal, abort } = controller();
    const stream = chatStream(question(server), signal);
    assert.equal((await stream.collect()).choices[0]?.message.content, TEXT);
    abort();
    assert.equal(stream.finalResponse?.choices[0]?.message.content, TEXT);
  });

  function controller(): { signal: AbortSignal; abort: () => void } {
    const made = new AbortController();
    return { signal: made.signal, abort: () => made.abort() };
  }
});
