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
import { turns, until } from "./support/waiting.js";
import { isFailure, question } from "./support/worlds/asking.js";

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

describe("A chat stream", () => {
  guardEachTest();

  it("gives every chunk, in the form of Chat Completions", async () => {
    await using server = await startChaosServer(sendWholeAnswer);
    const stream = chatStream(question(server));
    const chunks = await all<Chunk>(stream);
    assert.equal(chunks.length, formatAnswer(WORDS).length - 1, "all records but the marker");
    assert.equal(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? "").join(""), TEXT);
    assert.deepEqual(chunks.at(-1)?.usage, USAGE);
    assert.equal(stream.finalResponse?.choices[0]?.message.content, TEXT);
  });

  it("gives the text alone, without empty pieces, without reasoning", async () => {
    const reasoning = formatRecord({ choices: [{ delta: { reasoning_content: "hm" } }] });
    await using server = await startChaosServer((peer) =>
      peer.respond(
        200,
        { "content-type": "text/event-stream" },
        reasoning + formatAnswer(["a", "", "b"]).join(""),
      ),
    );
    assert.deepEqual(await all(chatStream(question(server)).textDeltas()), ["a", "b"]);
  });

  it("gives the whole in silence", async () => {
    await using server = await startChaosServer(sendWholeAnswer);
    const completion = await chatStream(question(server)).collect();
    assert.equal(completion.object, "chat.completion");
    assert.deepEqual(completion.choices[0]?.message, { role: "assistant", content: TEXT });
    assert.equal(completion.choices[0]?.finish_reason, "stop");
    assert.deepEqual(completion.usage, USAGE);
  });

  it("gives the text as it comes and the whole afterwards, null until then", async () => {
    await using server = await startChaosServer(sendWholeAnswer);
    const stream = chatStream(question(server));
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

  it("asks only when it is read", async () => {
    await using server = await startChaosServer(sendWholeAnswer);
    const stream = chatStream(question(server));
    const texts = stream.textDeltas();
    await turns(10);
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
    it(`read once by ${first} cannot be read again, in whatever way`, async () => {
      await using server = await startChaosServer(sendWholeAnswer);
      const stream = chatStream(question(server));
      const reading = read(stream);
      assert.throws(() => stream[Symbol.asyncIterator](), StreamConsumedError);
      assert.throws(() => stream.textDeltas(), { name: "StreamConsumedError", code: "stream_consumed" });
      assert.throws(() => stream.collectWithDeltas(), StreamConsumedError);
      await assert.rejects(stream.collect(), StreamConsumedError);
      await reading;
      await stream.close();
    });
  }

  it("closes as often as one likes, and gives nothing after it", async () => {
    await using server = await startChaosServer(sendWholeAnswer);
    const stream = chatStream(question(server));
    const pieces: string[] = [];
    for await (const piece of stream.textDeltas()) {
      pieces.push(piece);
      if (pieces.length === 2) await Promise.all([stream.close(), stream.close()]);
    }
    await stream.close();
    assert.equal(stream.finalResponse, null);
    assert.deepEqual(pieces, WORDS.slice(0, 2));
  });

  it("closed before it was read asks nobody, gives nothing and has no whole", async () => {
    await using server = await startChaosServer(sendWholeAnswer);
    const stream = chatStream(question(server));
    await stream.close();
    assert.deepEqual(await all(stream), []);
    const other = chatStream(question(server));
    await other.close();
    await assert.rejects(other.collect(), isFailure("cancelled", ""));
    assert.equal(server.connections, 0);
  });

  it("closed while somebody waits for the next piece ends that wait", async () => {
    await using server = await startChaosServer(sendAndStall);
    const stream = chatStream(question(server));
    const texts = stream.textDeltas();
    for (const word of WORDS) assert.equal((await texts.next()).value, word);
    const waiting = texts.next();
    await stream.close();
    assert.deepEqual(await waiting, { done: true, value: undefined });
    await server.waitUntilEmpty();
  });

  it("closed while it is collected says so, with what had come", async () => {
    await using server = await startChaosServer(sendAndStall);
    const stream = chatStream(question(server));
    const collected = stream.collect();
    await until(() => server.peers.size === 1, "the service is asked");
    await turns(20);
    await stream.close();
    await assert.rejects(collected, isFailure("cancelled", TEXT));
  });

  it("left by break frees its connection", async () => {
    await using server = await startChaosServer(sendAndStall);
    for await (const _chunk of chatStream(question(server))) break;
    await server.waitUntilEmpty();
    assert.equal(server.connections, 1);
  });

  it("left by an error of the reader frees its connection and lets the error through", async () => {
    await using server = await startChaosServer(sendAndStall);
    const thrown = new Error("the reader's own");
    await assert.rejects(async () => {
      for await (const _text of chatStream(question(server)).textDeltas()) throw thrown;
    }, thrown);
    await server.waitUntilEmpty();
  });

  it("returned while a piece is awaited does not wait for it", async () => {
    await using server = await startChaosServer(sendAndStall);
    const texts = chatStream(question(server)).textDeltas();
    for (const _word of WORDS) await texts.next();
    const waiting = texts.next();
    assert.deepEqual(await texts.return?.(), { done: true, value: undefined });
    assert.deepEqual(await waiting, { done: true, value: undefined });
    assert.deepEqual(await texts.next(), { done: true, value: undefined });
    await server.waitUntilEmpty();
  });

  it("is closed at the end of the block that uses it", async () => {
    await using server = await startChaosServer(sendAndStall);
    {
      await using stream = chatStream(question(server));
      await stream.textDeltas().next();
      assert.equal(server.peers.size, 1);
    }
    await server.waitUntilEmpty();
  });

  it("throws its failure after what had come, with what had come", async () => {
    await using server = await startChaosServer(async (peer) => {
      await peer.sendStreamHead();
      await peer.sendBody(WORDS.map(formatDelta).join(""));
      peer.close();
    });
    const stream = chatStream(question(server));
    const pieces: string[] = [];
    await assert.rejects(
      async () => {
        for await (const piece of stream.textDeltas()) pieces.push(piece);
      },
      isFailure("interrupted", TEXT),
    );
    assert.deepEqual(pieces, WORDS);
    assert.equal(stream.finalResponse, null);
    await assert.rejects(chatStream(question(server)).collect(), isFailure("interrupted", TEXT));
  });

  it("that is not read after its failure is no unhandled rejection", async () => {
    await using server = await startChaosServer((peer) => peer.close());
    const texts = chatStream(question(server)).textDeltas();
    const first = texts.next();
    await assert.rejects(first, isFailure("connection"));
    const stalled = chatStream({ ...question(server), provider: "nobody" });
    void stalled.textDeltas();
    await turns(10);
  });

  it("throws what is wrong with its options when it is read, naming the provider", async () => {
    await using server = await startChaosServer(sendWholeAnswer);
    const asks = question(server);
    for (const [options, code] of [
      [{ ...asks, provider: "nobody" }, "configuration"],
      [{ ...asks, baseUrl: "not a url" }, "configuration"],
      [{ ...asks, provider: "openai", apiKey: "" }, "credentials"],
      [{ ...asks, model: "" }, "invalid_request"],
      [{ ...asks, messages: [] }, "invalid_request"],
      [{ ...asks, timeouts: { idle: 0 } }, "configuration"],
      [{ ...asks, limits: { record: Number.NaN } }, "configuration"],
    ] as const) {
      await assert.rejects(chatStream(options).collect(), (error) => {
        isFailure(code)(error);
        assert.equal((error as Failure).provider, options.provider);
        return true;
      });
    }
    assert.equal(server.connections, 0);
  });
});
