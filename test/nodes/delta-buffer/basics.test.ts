import assert from "node:assert/strict";
import fc from "fast-check";
import type { Message } from "../../../src/node-red/red/api.js";
import { createChunk } from "../../support/services/scripted-service.js";
import { anyPieces } from "../../support/worlds/buffer-pieces.js";
import { CollectWorld, createStreamMessages } from "../../support/worlds/collect-world.js";
import {
  assertStreamContract,
  createStreamWith,
  DeltaBufferWorld,
} from "../../support/worlds/delta-buffer-world.js";

describe("The messages of a delta-buffer", () => {
  it("numbers its messages without gaps and ends with one last message that has the count", () => {
    const buffering = new DeltaBufferWorld({ count: 3 }).take(...createStreamWith([..."abcdefg"]));
    assert.deepEqual(buffering.texts, ["abc", "def", "g", ""]);
    assertStreamContract(buffering.sent);
    for (const { parts } of buffering.sent) assert.equal(parts!.id, "stream");
    assert.equal(buffering.doneCount, 8);
    buffering.close();
  });

  it("inherits the properties of the newest message, with parts of its own and the outer sequence", () => {
    const [one, two, last] = createStreamWith(["a", "b"]) as [Message, Message, Message];
    const outer = { id: "outer", index: 1, count: 2 };
    const input = [
      { ...one, topic: "old", parts: { ...one.parts!, parts: outer } },
      { ...two, topic: "new", parts: { ...two.parts!, parts: outer } },
      { ...last, topic: "newest", stats: { chunks: 2 }, parts: { ...last.parts!, parts: outer } },
    ];
    const before = structuredClone(input);
    const { sent } = new DeltaBufferWorld({ count: 9 }).take(...input);
    assert.equal(sent[0]!.topic, "newest");
    assert.deepEqual(sent[0]!.parts, { id: "stream", index: 0, type: "string", ch: "", parts: outer });
    assert.deepEqual(sent[1]!.stats, { chunks: 2 });
    assert.equal(sent[0]!["stats"], undefined);
    assert.notEqual(sent[0]!.parts!.parts, sent[1]!.parts!.parts);
    for (const { parts } of sent) Object.assign(parts!, { index: 99, count: 99 });
    assert.deepEqual(input, before);
  });

  it("X06: keeps a hundred interleaved streams apart", () => {
    const count = 100;
    const texts = Array.from({ length: 20 }, (_none, at) => `${at} `);
    const streams = Array.from({ length: count }, (_none, at) =>
      createStreamWith(
        texts.map((text) => `${at}:${text}`),
        {},
        `s${at}`,
      ),
    );
    const buffering = new DeltaBufferWorld({ count: 7, boundary: "sentence" });
    for (let at = 0; at <= texts.length; at++) for (const one of streams) buffering.take(one[at]!);
    const collecting = new CollectWorld().take(...buffering.sent);
    assert.equal(collecting.finished.length, count);
    for (let at = 0; at < count; at++) {
      const sent = buffering.sent.filter(({ parts }) => parts!.id === `s${at}`);
      assertStreamContract(sent);
      assert.equal(
        sent.map(({ payload }) => payload).join(""),
        texts.map((text) => `${at}:${text}`).join(""),
      );
    }
  });

  it("gives collect the same response as the stream itself, with any rules, pace and order", () => {
    const config = fc.record({
      count: fc.nat(5),
      characters: fc.nat(30),
      boundary: fc.constantFrom("none", "word", "sentence", "line", "paragraph"),
      smooth: fc.boolean(),
    });
    fc.assert(
      fc.property(anyPieces, config, fc.array(fc.nat(1000), { minLength: 1 }), (inputs, rules, order) => {
        const messages = createStreamMessages(inputs.map(({ text }) => text));
        for (const [at, { chunk }] of inputs.entries()) if (chunk) messages[at]!.chunk = chunk;
        const expected = new CollectWorld().take(...structuredClone(messages)).finished[0]!.response;
        const shuffled = messages
          .map((message, at) => ({ message, key: order[at % order.length]! + at * 1e-6 }))
          .sort((one, other) => one.key - other.key);
        const buffering = new DeltaBufferWorld(rules).take(...shuffled.map(({ message }) => message));
        buffering.take({ flush: true });
        assertStreamContract(buffering.sent);
        assert.equal(buffering.doneCount, messages.length + 1);
        assert.equal(buffering.clock.timerCount, 0);
        assert.deepEqual(new CollectWorld().take(...buffering.sent).finished[0]!.response, expected);
      }),
      { numRuns: 200 },
    );
  });

  it("takes any other sequence, such as that of core's split", () => {
    const parts = (index: number) => ({ id: "split", type: "string", ch: "", index, count: 3 });
    const input = ["a", "b", "c"].map((payload, at) => ({ payload, parts: parts(at) }));
    const { sent } = new DeltaBufferWorld({ count: 2 }).take(...input);
    assert.deepEqual(
      sent.map(({ payload, parts }) => [payload, parts!.index, parts!.count]),
      [
        ["ab", 0, undefined],
        ["c", 1, undefined],
        ["", 2, 3],
      ],
    );
  });

  it("refuses a message that is not part of a stream, with an error that says where the node belongs", () => {
    for (const message of [{ payload: "a" }, { payload: "a", parts: { id: "s", index: -1 } }]) {
      assert.throws(() => new DeltaBufferWorld().take(message), {
        code: "configuration",
        message: /behind a chat-stream/,
      });
    }
  });
});

describe("The time rule of a delta-buffer", () => {
  it("sends held text after the set milliseconds, counted from the first held piece", async () => {
    const buffering = new DeltaBufferWorld({ milliseconds: 50 });
    const start = buffering.clock.now();
    for (const message of createStreamWith([..."abcdefghij"]).slice(0, -1)) {
      buffering.take(message);
      await buffering.clock.advance(20);
    }
    assert.deepEqual(buffering.texts, ["abc", "def", "ghi"]);
    assert.deepEqual(
      buffering.times.map((time) => time - start),
      [60, 120, 180],
    );
    await buffering.clock.advance(100);
    assert.deepEqual(buffering.texts.slice(3), ["j"]);
    assert.equal(buffering.clock.timerCount, 1, "only the stream's own expiry");
    buffering.close();
  });

  it("waits 10 ms for a mark that belongs to the last character, and longer for an emoji", async () => {
    const buffering = new DeltaBufferWorld({ milliseconds: 50 });
    const [one, mark, emoji, tone] = createStreamWith(["e", "\u0301", "👍", "🏽", "."]) as [
      Message,
      Message,
      Message,
      Message,
    ];
    buffering.take(one);
    await buffering.clock.advance(55);
    buffering.take(mark);
    await buffering.clock.advance(20);
    assert.deepEqual(buffering.texts, []);
    buffering.take(emoji);
    assert.deepEqual(buffering.texts, ["e\u0301"]);
    await buffering.clock.advance(500);
    assert.deepEqual(buffering.texts, ["e\u0301"]);
    buffering.take(tone, ...createStreamWith(["e", "\u0301", "👍", "🏽", "."]).slice(4));
    assert.deepEqual(buffering.texts, ["e\u0301", "👍🏽", ".", ""]);
  });

  it("holds text for 50 ms if no rule is set, and without limit if another rule is", async () => {
    const [first] = createStreamWith(["a"]) as [Message];
    const bare = new DeltaBufferWorld().take(first);
    const counted = new DeltaBufferWorld({ count: 5, milliseconds: "", characters: "0" }).take(first);
    for (const { clock } of [bare, counted]) await clock.advance(1000);
    assert.deepEqual([bare.texts, counted.texts], [["a"], []]);
    bare.close();
    counted.close();
  });

  it("sends the text of a silent stream after its expiry, and forgets the stream", async () => {
    const buffering = new DeltaBufferWorld({ count: 9 }).take(...createStreamWith(["a", "b"]).slice(0, 1));
    await buffering.clock.advance(901_000);
    assert.deepEqual(buffering.texts, ["a"]);
    assert.equal(buffering.clock.timerCount, 0);
  });
});

describe("The even pace of a delta-buffer", () => {
  it("sends words one by one while the model stutters, and the last message behind them", async () => {
    const buffering = new DeltaBufferWorld({ smooth: true, pace: 10 });
    const [one, two, three, last] = createStreamWith(["One two", " three four", " five"]) as [
      Message,
      Message,
      Message,
      Message,
    ];
    buffering.take(one, two);
    await buffering.clock.advance(1000);
    assert.deepEqual(buffering.texts, ["One ", "two ", "three "]);
    buffering.take(three, last);
    assert.equal(buffering.doneCount, 3, "the last message is not done before it has gone");
    await buffering.clock.advance(1000);
    assert.deepEqual(buffering.texts, ["One ", "two ", "three ", "four ", "five", ""]);
    assert.equal(buffering.doneCount, 4);
    assertStreamContract(buffering.sent);
    assert.equal(buffering.clock.timerCount, 0);
    const gaps = buffering.times.slice(1, 3).map((time, at) => time - buffering.times[at]!);
    for (const gap of gaps) assert.ok(gap >= 70 && gap <= 130, String(gaps));
  });

  it("sends everything at msg.flush, even after the last message has arrived", () => {
    const buffering = new DeltaBufferWorld({ smooth: true }).take(
      ...createStreamWith(["One two ", "three four"]),
    );
    assert.deepEqual(buffering.texts, []);
    buffering.take({ flush: true });
    assert.deepEqual(buffering.texts, ["One two three four", ""]);
    assert.equal(buffering.clock.timerCount, 0);
  });
});

describe("Reasoning and other content in a delta-buffer", () => {
  it("merges reasoning and tool calls by the same rules, in their order", () => {
    const messages = createStreamWith(["", "", "Yes", " it is", ""]);
    messages[0]!.chunk = createChunk({ reasoning_content: "Hm" });
    messages[1]!.chunk = createChunk({ reasoning_content: "m" });
    messages[4]!.chunk = createChunk({
      tool_calls: [{ index: 0, id: "c", function: { name: "f", arguments: "{}" } }],
    });
    const { sent } = new DeltaBufferWorld({ count: 9 }).take(...messages);
    assertStreamContract(sent);
    assert.equal(sent.length, 4);
    assert.equal(sent[0]!.payload, "");
    assert.deepEqual(sent[0]!.chunk, createChunk({ reasoning_content: "Hmm" }));
    assert.deepEqual([sent[1]!.payload, sent[1]!.chunk], ["Yes it is", undefined]);
    assert.equal((sent[2]!.chunk as ReturnType<typeof createChunk>).choices[0]!.delta.tool_calls!.length, 1);
  });

  it("leaves out a chunk that is not valid, and converts a payload to text", () => {
    const messages = createStreamWith(["a", "b"]);
    messages[0]!.chunk = { choices: "none" };
    messages[1]!.payload = 42;
    assert.deepEqual(new DeltaBufferWorld({ count: 9 }).take(...messages).texts, ["a42", ""]);
  });
});
