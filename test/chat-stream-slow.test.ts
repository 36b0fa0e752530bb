import assert from "node:assert/strict";
import { Agent } from "undici";
import type { Chunk } from "../src/index.js";
import { chatStream } from "../src/index.js";
import { guardEachTest } from "./support/runtime/guards.js";
import { DONE, formatDelta, formatFinish } from "./support/services/answers.js";
import { startChaosServer } from "./support/services/chaos-server.js";
import { waitTicks } from "./support/waiting.js";
import { buildChatOptions, matchFailure } from "./support/worlds/started-stream.js";

/** Starts a service that sends everything before the reader takes the second piece. */
const startEagerService = (records: number) =>
  startChaosServer(async (peer) => {
    await peer.sendStreamHead("close");
    await peer.sendBody(formatDelta("x").repeat(records) + formatFinish() + DONE);
    await peer.endBody();
  });

describe("Chat stream with a slow reader", () => {
  guardEachTest();

  it("gives the same text in larger pieces, and releases the connection meanwhile", async () => {
    await using server = await startEagerService(5_000);
    const stream = chatStream(buildChatOptions(server));
    const texts = stream.textDeltas();
    const pieces = [(await texts.next()).value as string];
    await server.waitUntilEmpty();
    for await (const text of texts) pieces.push(text);
    assert.equal(pieces.join(""), "x".repeat(5_000));
    assert.ok(pieces.length < 1_000, `${pieces.length} pieces`);
    assert.equal(stream.finalResponse?.choices[0]?.message.content, "x".repeat(5_000));
  });

  it("gives the same chunks, merged", async () => {
    await using server = await startEagerService(5_000);
    const chunks: Chunk[] = [];
    const stream = chatStream(buildChatOptions(server));
    for await (const chunk of stream) {
      chunks.push(chunk);
      if (chunks.length === 1) await server.waitUntilEmpty();
    }
    assert.ok(chunks.length < 1_000, `${chunks.length} chunks`);
    assert.equal(chunks.map(({ choices }) => choices[0]?.delta.content ?? "").join(""), "x".repeat(5_000));
    assert.equal(chunks.at(-1)?.choices[0]?.finish_reason, "stop");
  });

  it("fails by the limit of the answer if nobody reads on", async () => {
    await using server = await startEagerService(20_000);
    const texts = chatStream({ ...buildChatOptions(server), limits: { completion: 10_000 } }).textDeltas();
    await texts.next();
    await server.waitUntilEmpty();
    await assert.rejects(async () => {
      for await (const _text of texts);
    }, matchFailure("limit"));
  });
});

describe("Chat stream with an own dispatcher", () => {
  guardEachTest();

  it("works with a plain agent of undici", async () => {
    await using server = await startEagerService(2_000);
    const agent = new Agent();
    const completion = await chatStream({ ...buildChatOptions(server), dispatcher: agent }).collect();
    assert.equal(completion.choices[0]?.message.content?.length, 2_000);
    await agent.destroy();
    await waitTicks();
  });

  it("fails as a connection error if the dispatcher was destroyed", async () => {
    const agent = new Agent();
    await agent.destroy();
    const stream = chatStream({ ...buildChatOptions({ url: "http://127.0.0.1:9/v1", agent }) });
    await assert.rejects(stream.collect(), matchFailure("connection"));
  });
});
