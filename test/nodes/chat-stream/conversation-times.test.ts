import assert from "node:assert/strict";
import {
  type ConversationTimes,
  findStale,
  hasExpired,
  noteUse,
  readTimes,
} from "../../../src/node-red/chat-stream/conversation/times.js";

const TIMES: ConversationTimes = [
  ["a", 100],
  ["b", 200],
  ["c", 300],
];
const NEVER = Number.POSITIVE_INFINITY;

describe("Times of conversations", () => {
  for (const [what, bounds, now, stale] of [
    ["none within the bounds", { maxConversations: 3, expiryMs: NEVER }, 1e12, []],
    ["the oldest of too many", { maxConversations: 1, expiryMs: NEVER }, 300, ["a", "b"]],
    ["those that are too old", { maxConversations: 3, expiryMs: 100 }, 300, ["a", "b"]],
    ["all of them", { maxConversations: 3, expiryMs: 100 }, 1000, ["a", "b", "c"]],
    ["those that are too old or too many", { maxConversations: 1, expiryMs: 150 }, 300, ["a", "b"]],
  ] as const) {
    it(`tell which conversations to forget: ${what}`, () =>
      assert.deepEqual(findStale(TIMES, bounds, now), stale));
  }

  it("put a conversation that is used last", () => {
    assert.deepEqual(noteUse(TIMES, "a", 400), [TIMES[1], TIMES[2], ["a", 400]]);
    assert.deepEqual(noteUse(TIMES, "d", 400), [...TIMES, ["d", 400]]);
  });

  it("tell whether one conversation is too old; one without a time is not", () => {
    const bounds = { maxConversations: 1, expiryMs: 100 };
    assert.deepEqual(
      ["a", "b", "c", "other"].map((name) => hasExpired(TIMES, name, bounds, 300)),
      [true, true, false, false],
    );
  });

  for (const [value, times] of [
    [undefined, []],
    [null, []],
    [TIMES, TIMES],
    ["text", undefined],
    [{ a: 1 }, undefined],
    [[1], undefined],
    [[["a"]], undefined],
    [[["a", "1"]], undefined],
    [[[1, 2]], undefined],
  ] as const) {
    it(`are read from ${JSON.stringify(value)}`, () => assert.deepEqual(readTimes(value), times));
  }
});
