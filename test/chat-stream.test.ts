import assert from "node:assert/strict";
import { type ChatStream, type Chunk, chatStream, type Failure, StreamConsumedError } from "../src/index.js";
import { guardEachTest } from "./support/runtime/guards.js";
import {
  formatAnswer,
  formatDelta,
  formatRecord,
  sendAndStall,
  sendWholeAnswer,
  TEXT,
  USAGE,
  WORDS,
} from "./support/services/answers.js";
import { startChaosServer } from "./support/services/chaos-server.js";
import { waitTicks, waitUntil } from "./support/waiting.js";
import { buildChatOptions, matchFailure } from "./support/worlds/started-stream.js";

async function readAll<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

describe("Chat stream", () => {
  guardEachTest();

  it("gives every chunk in the form of Chat Completions", async () => {
    await using server = await startChaosServer(sendWholeAnswer);
    const stream = chatStream(buildChatOptions(server));
    const chunks = await readAll<Chunk>(stream);
    assert.equal(chunks.length, formatAnswer(WORDS).length - 1, "all records except the end marker");
    assert.equal(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? "").join(""), TEXT);
    assert.deepEqual(chunks.at(-1)?.usage, USAGE);
    assert.equal(stream.finalResponse?.choices[0]?.message.content, TEXT);
  });

  it("gives only the text, without empty pieces and reasoning", async () => {
    const reasoning = formatRecord({ choices: [{ delta: { reasoning_content: "hm" } }] });
    await using server = await startChaosServer((peer) =>
      peer.respond(
        200,
        { "content-type": "text/event-stream" },
        reasoning + formatAnswer(["a", "", "b"]).join(""),
      ),
    );
    assert.deepEqual(await readAll(chatStream(buildChatOptions(server)).textDeltas()), ["a", "b"]);
  });

  it("collects the whole answer", async () => {
    await using server = await startChaosServer(sendWholeAnswer);
    const completion = await chatStream(buildChatOptions(server)).collect();
    assert.equal(completion.object, "chat.completion");
    assert.deepEqual(completion.choices[0]?.message, { role: "assistant", content: TEXT });
    assert.equal(completion.choices[0]?.finish_reason, "stop");
    assert.deepEqual(completion.usage, USAGE);
  });

  it("gives the text as it arrives, and the whole answer only after the end", async () => {
    await using server = await startChaosServer(sendWholeAnswer);
    const stream = chatStream(buildChatOptions(server));
    const final = () => stream.finalResponse;
    assert.equal(final(), null);
    const pieces: string[] = [];
    for await (const piece of stream.collectWithDeltas()) {
      assert.equal(final(), null);
      pieces.push(piece);
    }
    assert.deepEqual(pieces, WORDS);
    assert.equal(final()?.choices[0]?.message.content, TEXT);
  });

  it("sends the request only when reading begins", async () => {
    await using server = await startChaosServer(sendWholeAnswer);
    const stream = chatStream(buildChatOptions(server));
    const texts = stream.textDeltas();
    await waitTicks(10);
    assert.equal(server.connections, 0);
    await texts.next();
    assert.equal(server.connections, 1);
    await stream.close();
  });

  const READERS: Record<string, (stream: ChatStream) => unknown> = {
    iteration: (stream) => stream[Symbol.asyncIterator](),
    textDeltas: (stream) => stream.textDeltas(),
    collectWithDeltas: (stream) => stream.collectWithDeltas(),
    collect: (stream) => stream.collect(),
  };
  for (const [first, read] of Object.entries(READERS)) {
    it(`throws StreamConsumedError in every way of reading after it was read by ${first}`, async () => {
      await using server = await startChaosServer(sendWholeAnswer);
      const stream = chatStream(buildChatOptions(server));
      const reading = read(stream);
      assert.throws(() => stream[Symbol.asyncIterator](), StreamConsumedError);
      assert.throws(() => stream.textDeltas(), { name: "StreamConsumedError", code: "stream_consumed" });
      assert.throws(() => stream.collectWithDeltas(), StreamConsumedError);
      await assert.rejects(stream.collect(), StreamConsumedError);
      await reading;
      await stream.close();
    });
  }

  it("can be closed more than once, and gives nothing afterwards", async () => {
    await using server = await startChaosServer(sendWholeAnswer);
    const stream = chatStream(buildChatOptions(server));
    const pieces: string[] = [];
    for await (const piece of stream.textDeltas()) {
      pieces.push(piece);
      if (pieces.length === 2) await Promise.all([stream.close(), stream.close()]);
    }
    await stream.close();
    assert.equal(stream.finalResponse, null);
    assert.deepEqual(pieces, WORDS.slice(0, 2));
  });

  it("sends no request and gives nothing if it is closed before reading", async () => {
    await using server = await startChaosServer(sendWholeAnswer);
    const stream = chatStream(buildChatOptions(server));
    await stream.close();
    assert.deepEqual(await readAll(stream), []);
    const other = chatStream(buildChatOptions(server));
    await other.close();
    await assert.rejects(other.collect(), matchFailure("cancelled", ""));
    assert.equal(server.connections, 0);
  });

  it("ends a pending wait for the next piece if it is closed", async () => {
    await using server = await startChaosServer(sendAndStall);
    const stream = chatStream(buildChatOptions(server));
    const texts = stream.textDeltas();
    for (const word of WORDS) assert.equal((await texts.next()).value, word);
    const waiting = texts.next();
    await stream.close();
    assert.deepEqual(await waiting, { done: true, value: undefined });
    await server.waitUntilEmpty();
  });

  it("rejects collect() as cancelled, with the text so far, if it is closed", async () => {
    await using server = await startChaosServer(sendAndStall);
    const stream = chatStream(buildChatOptions(server));
    const collected = stream.collect();
    await waitUntil(() => server.peers.size === 1, "the request has come");
    await waitTicks(20);
    await stream.close();
    await assert.rejects(collected, matchFailure("cancelled", TEXT));
  });

  it("closes its connection if the loop is left by break", async () => {
    await using server = await startChaosServer(sendAndStall);
    for await (const _chunk of chatStream(buildChatOptions(server))) break;
    await server.waitUntilEmpty();
    assert.equal(server.connections, 1);
  });

  it("closes its connection and passes the error on if the reader throws", async () => {
    await using server = await startChaosServer(sendAndStall);
    const thrown = new Error("the reader's own");
    await assert.rejects(async () => {
      for await (const _text of chatStream(buildChatOptions(server)).textDeltas()) throw thrown;
    }, thrown);
    await server.waitUntilEmpty();
  });

  it("returns at once if the iterator is returned while it waits for a piece", async () => {
    await using server = await startChaosServer(sendAndStall);
    const texts = chatStream(buildChatOptions(server)).textDeltas();
    for (const _word of WORDS) await texts.next();
    const waiting = texts.next();
    assert.deepEqual(await texts.return?.(), { done: true, value: undefined });
    assert.deepEqual(await waiting, { done: true, value: undefined });
    assert.deepEqual(await texts.next(), { done: true, value: undefined });
    await server.waitUntilEmpty();
  });

  it("is closed at the end of an await using block", async () => {
    await using server = await startChaosServer(sendAndStall);
    {
      await using stream = chatStream(buildChatOptions(server));
      await stream.textDeltas().next();
      assert.equal(server.peers.size, 1);
    }
    await server.waitUntilEmpty();
  });

  it("throws its failure after the text so far, with this text in `partial`", async () => {
    await using server = await startChaosServer(async (peer) => {
      await peer.sendStreamHead();
      await peer.sendBody(WORDS.map(formatDelta).join(""));
      peer.close();
    });
    const stream = chatStream(buildChatOptions(server));
    const pieces: string[] = [];
    await assert.rejects(
      async () => {
        for await (const piece of stream.textDeltas()) pieces.push(piece);
      },
      matchFailure("interrupted", TEXT),
    );
    assert.deepEqual(pieces, WORDS);
    assert.equal(stream.finalResponse, null);
    await assert.rejects(chatStream(buildChatOptions(server)).collect(), matchFailure("interrupted", TEXT));
  });

  it("causes no unhandled rejection if nobody reads on after its failure", async () => {
    await using server = await startChaosServer((peer) => peer.close());
    const texts = chatStream(buildChatOptions(server)).textDeltas();
    const first = texts.next();
    await assert.rejects(first, matchFailure("connection"));
    const stalled = chatStream({ ...buildChatOptions(server), provider: "nobody" });
    void stalled.textDeltas();
    await waitTicks(10);
  });

  it("throws a failure for wrong options when it is read, and names the provider", async () => {
    await using server = await startChaosServer(sendWholeAnswer);
    const valid = buildChatOptions(server);
    for (const [options, code] of [
      [{ ...valid, provider: "nobody" }, "configuration"],
      [{ ...valid, baseUrl: "not a url" }, "configuration"],
      [{ ...valid, provider: "openai", apiKey: "" }, "credentials"],
      [{ ...valid, model: "" }, "invalid_request"],
      [{ ...valid, messages: [] }, "invalid_request"],
      [{ ...valid, timeouts: { idle: 0 } }, "configuration"],
      [{ ...valid, limits: { record: Number.NaN } }, "configuration"],
    ] as const) {
      await assert.rejects(chatStream(options).collect(), (error) => {
        matchFailure(code)(error);
        assert.equal((error as Failure).provider, options.provider);
        return true;
      });
    }
    assert.equal(server.connections, 0);
  });
});
