import assert from "node:assert/strict";
import type { Message } from "../../../src/node-red/red/api.js";
import { assertContract, DeltaBuffering, stream } from "../../support/worlds/delta-buffering.js";

describe("delta-buffer: order", () => {
  it("puts right what a node on the way delayed, and takes nothing twice", () => {
    const [a, b, c, last] = stream(["a", "b", "c"]) as [Message, Message, Message, Message];
    const buffering = new DeltaBuffering({ count: 2 }).take(b, a, a, last, c, c, last);
    assert.deepEqual(buffering.texts, ["ab", "c", ""]);
    assert.equal(buffering.dones, 7);
  });

  it("leaves a gap where something does not come, so that collect hears of it", async () => {
    const [a, , c, d, last] = stream(["a", "b", "c", "d"]) as [Message, Message, Message, Message, Message];
    const buffering = new DeltaBuffering({ count: 9 }).take(a, c, d);
    await buffering.clock.advance(2_500);
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

  it("goes on with a stream of which it has not seen the beginning", async () => {
    const buffering = new DeltaBuffering({ count: 2 }).take(...stream([..."abcdef"]).slice(3));
    assert.deepEqual(buffering.texts, []);
    await buffering.clock.advance(2_500);
    assert.deepEqual(buffering.texts, ["de", "f", ""]);
    assert.equal(buffering.clock.waiting, 0);
  });
});

describe("delta-buffer: many streams", () => {
  const ids = Array.from({ length: 1_200 }, (_, at) => `stream ${at}`);
  const texts = ["a", "b", "c", "d", "e"];

  it("more than it holds are whole all the same, each in its order and without a gap", () => {
    const streams = ids.map((id) => stream(texts, {}, id));
    const buffering = new DeltaBuffering({ count: 2 });
    for (let at = 0; at <= texts.length; at++) buffering.take(...streams.map((messages) => messages[at]!));
    for (const id of ids) {
      const sent = buffering.sent.filter(({ parts }) => parts!.id === id);
      assertContract(sent);
      assert.equal(sent.map(({ payload }) => payload).join(""), "abcde");
    }
    assert.equal(buffering.dones, ids.length * (texts.length + 1));
  });

  it("one that is silent for long is sent as far as it is, and goes on where it was", async () => {
    const messages = stream(texts);
    const buffering = new DeltaBuffering({ count: 2 }).take(...messages.slice(0, 3));
    await buffering.clock.advance(1_000_000);
    assert.deepEqual(buffering.texts, ["ab", "c"]);
    buffering.take(messages[2]!, ...messages.slice(3));
    assert.deepEqual(buffering.texts, ["ab", "c", "de", ""]);
    assertContract(buffering.sent);
  });

  it("one that was left begins anew after a reset", async () => {
    for (const parts of [undefined, { id: "stream", index: 0 }]) {
      const buffering = new DeltaBuffering({ count: 2 }).take(...stream(texts).slice(0, 3));
      await buffering.clock.advance(1_000_000);
      buffering.take({ reset: true, ...(parts ? { parts } : {}) }, ...stream(["x"]));
      assert.deepEqual(buffering.texts, ["ab", "c", undefined, "x", ""]);
      assertContract(buffering.sent.slice(3));
    }
  });
});

describe("delta-buffer: control messages", () => {
  const begun = () => new DeltaBuffering({ count: 9 }).take(...stream(["a", "b", "c"]).slice(0, 2));

  it("flush sends what is held, of one stream or of all, and the stream goes on", () => {
    const other = stream(["x", "y"], {}, "other");
    const buffering = begun().take(other[0]!, { flush: 1, parts: { id: "stream", index: 0 } });
    assert.deepEqual(buffering.texts, ["ab"]);
    buffering.take({ flush: true });
    assert.deepEqual(buffering.texts, ["ab", "x"]);
    buffering.take(...stream(["a", "b", "c"]).slice(2), ...other.slice(1));
    assert.deepEqual(buffering.texts, ["ab", "x", "c", "", "y", ""]);
    assertContract(buffering.sent.filter(({ parts }) => parts!.id === "stream"));
  });

  it("flush sends what waits for something before it too, however much is missing", () => {
    const messages = stream(["a", "b", "c", "d", "e"]);
    const buffering = new DeltaBuffering({ count: 9 }).take(messages[1]!, messages[3]!, { flush: true });
    assert.deepEqual(
      buffering.sent.map(({ payload, parts }) => [payload, parts!.index]),
      [
        ["b", 1],
        ["d", 3],
      ],
    );
    buffering.close();
  });

  it("reset drops what is held, goes on to the nodes behind, and the stream begins anew at 0", () => {
    const buffering = begun();
    const reset = { reset: true, payload: "", parts: { id: "stream", index: 0 } };
    buffering.take(reset);
    assert.deepEqual(buffering.sent, [reset]);
    assert.notEqual(buffering.sent[0], reset);
    buffering.take(...stream(["x", "y"]));
    assert.deepEqual(buffering.texts.slice(1), ["xy", ""]);
    assertContract(buffering.sent.slice(1));
  });

  it("reset after the end lets the stream begin again, and without one what is late stays out", () => {
    const whole = stream(["a"]);
    const buffering = new DeltaBuffering({ count: 9 }).take(...whole, ...whole);
    assert.equal(buffering.sent.length, 2);
    buffering.take({ reset: true, parts: { id: "stream", index: 0 } }, ...whole);
    assert.deepEqual(buffering.texts.slice(3), ["a", ""]);
  });

  it("cancel is quiet: the stream ends by itself", () => {
    const buffering = begun().take({ cancel: true });
    assert.deepEqual(buffering.sent, []);
    assert.equal(buffering.dones, 3);
    buffering.close();
  });

  it("a failed stream ends with what was held, then its last message as it was", () => {
    const error = { code: "interrupted", partial: "ab" };
    const [a, b] = stream(["a", "b"]) as [Message, Message];
    const last = { ...stream(["a", "b"])[2]!, finishReason: "error", error };
    const { texts, sent } = new DeltaBuffering({ boundary: "sentence" }).take(a, b, last);
    assert.deepEqual(texts, ["ab", ""]);
    assert.deepEqual(sent[1]!["error"], error);
    assert.equal(sent[0]!["error"], undefined);
  });

  it("close lets go of everything and calls every done", async () => {
    const smooth = new DeltaBuffering({ smooth: true }).take(...stream(["One two ", "three"]));
    const early = new DeltaBuffering({ milliseconds: 50 }).take(...stream(["a", "b"]).slice(1));
    for (const buffering of [smooth, early]) {
      buffering.close();
      await buffering.clock.advance(5_000);
      assert.deepEqual(buffering.sent, []);
      assert.equal(buffering.clock.waiting, 0);
    }
    assert.deepEqual([smooth.dones, early.dones], [3, 2]);
  });
});
