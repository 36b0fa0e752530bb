import assert from "node:assert/strict";
import { closedStreams, MAX_ORPHAN_WAIT_MS } from "../../../src/node-red/messages/closed-streams.js";
import type { Message } from "../../../src/node-red/red/api.js";
import {
  assertStreamContract,
  createStreamWith,
  DeltaBufferWorld,
} from "../../support/worlds/delta-buffer-world.js";

describe("The order of a delta-buffer", () => {
  it("restores the order of delayed messages and drops repeated ones", () => {
    const [a, b, c, last] = createStreamWith(["a", "b", "c"]) as [Message, Message, Message, Message];
    const buffering = new DeltaBufferWorld({ count: 2 }).take(b, a, a, last, c, c, last);
    assert.deepEqual(buffering.texts, ["ab", "c", ""]);
    assert.equal(buffering.doneCount, 7);
  });

  it("leaves a gap in the indexes if a message never arrives, so that collect notices it", async () => {
    const [a, , c, d, last] = createStreamWith(["a", "b", "c", "d"]) as [
      Message,
      Message,
      Message,
      Message,
      Message,
    ];
    const buffering = new DeltaBufferWorld({ count: 9 }).take(a, c, d);
    await buffering.clock.advance(5_500);
    buffering.take(last);
    assert.deepEqual(
      buffering.sent.map(({ payload, parts }) => [payload, parts!.index]),
      [
        ["a", 0],
        ["cd", 2],
        ["", 3],
      ],
    );
  });

  it("continues with a stream whose beginning it never got", async () => {
    const buffering = new DeltaBufferWorld({ count: 2 }).take(...createStreamWith([..."abcdef"]).slice(3));
    assert.deepEqual(buffering.texts, []);
    await buffering.clock.advance(5_500);
    assert.deepEqual(buffering.texts, ["de", "f", ""]);
    assert.equal(buffering.clock.timerCount, 0);
  });
});

describe("Many streams in a delta-buffer", () => {
  const ids = Array.from({ length: 1_200 }, (_, at) => `stream ${at}`);
  const texts = ["a", "b", "c", "d", "e"];

  it("keeps more streams than it may hold open whole, in order and without gaps", () => {
    const streams = ids.map((id) => createStreamWith(texts, {}, id));
    const buffering = new DeltaBufferWorld({ count: 2 });
    for (let at = 0; at <= texts.length; at++) buffering.take(...streams.map((messages) => messages[at]!));
    for (const id of ids) {
      const sent = buffering.sent.filter(({ parts }) => parts!.id === id);
      assertStreamContract(sent);
      assert.equal(sent.map(({ payload }) => payload).join(""), "abcde");
    }
    assert.equal(buffering.doneCount, ids.length * (texts.length + 1));
  });

  it("sends the text of a stream that is silent for long, and continues it where it was", async () => {
    const messages = createStreamWith(texts);
    const buffering = new DeltaBufferWorld({ count: 2 }).take(...messages.slice(0, 3));
    await buffering.clock.advance(1_000_000);
    assert.deepEqual(buffering.texts, ["ab", "c"]);
    buffering.take(messages[2]!, ...messages.slice(3));
    assert.deepEqual(buffering.texts, ["ab", "c", "de", ""]);
    assertStreamContract(buffering.sent);
  });

  it("sends the text of a stream soon after a deploy closed the node that it came from", async () => {
    const messages = createStreamWith(texts);
    const buffering = new DeltaBufferWorld({ count: 9 }).take(...messages.slice(0, 2));
    await buffering.clock.advance(60_000);
    closedStreams.announce("stream");
    buffering.take(messages[2]!);
    await buffering.clock.advance(4_999);
    assert.deepEqual(buffering.texts, []);
    await buffering.clock.advance(1);
    assert.deepEqual(buffering.texts, ["abc"]);
    assert.ok(MAX_ORPHAN_WAIT_MS > 5_000, "the nodes behind it wait longer");
    assert.equal(buffering.clock.timerCount, 0);
    buffering.take(...messages.slice(3));
    assertStreamContract(buffering.sent);
  });

  it("starts a suspended stream anew after msg.reset", async () => {
    for (const parts of [undefined, { id: "stream", index: 0 }]) {
      const buffering = new DeltaBufferWorld({ count: 2 }).take(...createStreamWith(texts).slice(0, 3));
      await buffering.clock.advance(1_000_000);
      buffering.take({ reset: true, ...(parts ? { parts } : {}) }, ...createStreamWith(["x"]));
      assert.deepEqual(buffering.texts, ["ab", "c", undefined, "x", ""]);
      assertStreamContract(buffering.sent.slice(3));
    }
  });
});

describe("Control messages of a delta-buffer", () => {
  const startBuffering = () =>
    new DeltaBufferWorld({ count: 9 }).take(...createStreamWith(["a", "b", "c"]).slice(0, 2));

  it("sends the held text of one stream or of all at msg.flush, and the streams continue", () => {
    const other = createStreamWith(["x", "y"], {}, "other");
    const buffering = startBuffering().take(other[0]!, { flush: 1, parts: { id: "stream", index: 0 } });
    assert.deepEqual(buffering.texts, ["ab"]);
    buffering.take({ flush: true });
    assert.deepEqual(buffering.texts, ["ab", "x"]);
    buffering.take(...createStreamWith(["a", "b", "c"]).slice(2), ...other.slice(1));
    assert.deepEqual(buffering.texts, ["ab", "x", "c", "", "y", ""]);
    assertStreamContract(buffering.sent.filter(({ parts }) => parts!.id === "stream"));
  });

  it("sends messages that wait for missing ones at msg.flush", () => {
    const messages = createStreamWith(["a", "b", "c", "d", "e"]);
    const buffering = new DeltaBufferWorld({ count: 9 }).take(messages[1]!, messages[3]!, { flush: true });
    assert.deepEqual(
      buffering.sent.map(({ payload, parts }) => [payload, parts!.index]),
      [
        ["b", 1],
        ["d", 3],
      ],
    );
    buffering.close();
  });

  it("drops the held text at msg.reset, passes the reset on, and starts the stream anew at 0", () => {
    const buffering = startBuffering();
    const reset = { reset: true, payload: "", parts: { id: "stream", index: 0 } };
    buffering.take(reset);
    assert.deepEqual(buffering.sent, [reset]);
    assert.notEqual(buffering.sent[0], reset);
    buffering.take(...createStreamWith(["x", "y"]));
    assert.deepEqual(buffering.texts.slice(1), ["xy", ""]);
    assertStreamContract(buffering.sent.slice(1));
  });

  it("starts an ended stream again after msg.reset, and drops late messages without one", () => {
    const whole = createStreamWith(["a"]);
    const buffering = new DeltaBufferWorld({ count: 9 }).take(...whole, ...whole);
    assert.equal(buffering.sent.length, 2);
    buffering.take({ reset: true, parts: { id: "stream", index: 0 } }, ...whole);
    assert.deepEqual(buffering.texts.slice(3), ["a", ""]);
  });

  it("ignores msg.cancel, since a cancelled stream ends by itself", () => {
    const buffering = startBuffering().take({ cancel: true });
    assert.deepEqual(buffering.sent, []);
    assert.equal(buffering.doneCount, 3);
    buffering.close();
  });

  it("sends the held text of a failed stream, then its last message unchanged", () => {
    const error = { code: "interrupted", partial: "ab" };
    const [a, b] = createStreamWith(["a", "b"]) as [Message, Message];
    const last = { ...createStreamWith(["a", "b"])[2]!, finishReason: "error", error };
    const { texts, sent } = new DeltaBufferWorld({ boundary: "sentence" }).take(a, b, last);
    assert.deepEqual(texts, ["ab", ""]);
    assert.deepEqual(sent[1]!["error"], error);
    assert.equal(sent[0]!["error"], undefined);
  });

  it("drops everything and calls every done when it is closed", async () => {
    const smooth = new DeltaBufferWorld({ smooth: true }).take(...createStreamWith(["One two ", "three"]));
    const early = new DeltaBufferWorld({ milliseconds: 50 }).take(...createStreamWith(["a", "b"]).slice(1));
    for (const buffering of [smooth, early]) {
      buffering.close();
      await buffering.clock.advance(5_000);
      assert.deepEqual(buffering.sent, []);
      assert.equal(buffering.clock.timerCount, 0);
    }
    assert.deepEqual([smooth.doneCount, early.doneCount], [3, 2]);
  });
});
