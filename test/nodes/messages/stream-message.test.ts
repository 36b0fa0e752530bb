import assert from "node:assert/strict";
import {
  createRestartNotice,
  hasPlace,
  isLastMessage,
  isRestartNotice,
  isStreamMessage,
  readFailure,
  readPayloadText,
  readRestarts,
  type StreamMessage,
  writeRestarts,
} from "../../../src/node-red/messages/stream-message.js";
import type { Message, Parts } from "../../../src/node-red/red/api.js";

const PARTS: Parts = { id: "s", index: 1, type: "string", ch: "" };

/** Parts as a flow may leave them. */
const withParts = (parts: unknown, more: Message = {}): Message => ({ parts: parts as Parts, ...more });

describe("Message of a stream", () => {
  it("has a place if its id is a text and its index a number from 0", () => {
    for (const [parts, expected] of [
      [PARTS, true],
      [{ id: "", index: 0 }, true],
      [undefined, false],
      [null, false],
      [{ id: "s" }, false],
      [{ id: 1, index: 0 }, false],
      [{ id: "s", index: -1 }, false],
      [{ id: "s", index: 2 ** 53 }, false],
      [{ id: "s", index: 0.5 }, false],
      [{ id: "s", index: "0" }, false],
    ] as const) {
      assert.equal(hasPlace(withParts(parts)), expected, JSON.stringify(parts));
    }
  });

  it("is told from the sequences of core nodes", () => {
    for (const [message, expected] of [
      [withParts(PARTS), true],
      [withParts({ ...PARTS, count: 2 }), false],
      [withParts({ ...PARTS, len: 1 }), false],
      [withParts({ ...PARTS, ch: "\n" }), false],
      [withParts({ ...PARTS, type: "array" }), false],
      [withParts({ ...PARTS, count: 2 }, { complete: true }), true],
      [withParts({ ...PARTS, count: 2 }, { complete: "yes" }), false],
      [withParts({ id: "s", index: 0 }, { chunk: {} }), true],
      [withParts({ id: "s", index: 0, restarts: 1 }, { reset: true }), true],
      [withParts({ id: "s", index: 0 }, { reset: true }), false],
      [withParts(undefined, { complete: true }), false],
    ] as const) {
      assert.equal(isStreamMessage(message), expected, JSON.stringify(message));
    }
  });

  it("is the last of its sequence if it says so, or if its index is the last of the count", () => {
    for (const [message, expected] of [
      [withParts(PARTS), false],
      [withParts(PARTS, { complete: true }), true],
      [withParts({ ...PARTS, count: 2 }), true],
      [withParts({ ...PARTS, count: 3 }), false],
      [{}, false],
      [{ complete: true }, true],
    ] as const) {
      assert.equal(isLastMessage(message), expected, JSON.stringify(message));
    }
  });

  it("counts as begun again only by a whole number above 0", () => {
    for (const [restarts, expected] of [
      [undefined, 0],
      [0, 0],
      [2, 2],
      [-1, 0],
      [1.5, 0],
      ["1", 0],
      [Number.NaN, 0],
    ] as const) {
      assert.equal(readRestarts(withParts({ ...PARTS, restarts })), expected, String(restarts));
    }
    assert.equal(readRestarts({}), 0);
  });

  it("carries the number of beginnings only if there was more than one", () => {
    const parts: Parts = { ...PARTS };
    writeRestarts(parts, 2);
    assert.equal(parts.restarts, 2);
    writeRestarts(parts, 0);
    assert.deepEqual(parts, PARTS);
  });

  it("is a restart notice if it has the property reset and a place in a new beginning", () => {
    const again = { ...PARTS, restarts: 1 };
    assert.equal(isRestartNotice(withParts(again, { reset: true })), true);
    assert.equal(isRestartNotice(withParts(again, { reset: false })), true, "any value works");
    assert.equal(isRestartNotice(withParts(again)), false);
    assert.equal(isRestartNotice(withParts(PARTS, { reset: true })), false, "a command to the nodes");
    assert.equal(isRestartNotice({ reset: true }), false);
  });

  it("makes a restart notice without its text, its chunk and its count", () => {
    const message = withParts({ ...PARTS, restarts: 1, count: 2 }, { payload: "a", chunk: {}, topic: "t" });
    const notice = createRestartNotice(message as StreamMessage);
    assert.deepEqual(notice, {
      payload: "",
      topic: "t",
      reset: true,
      parts: { ...PARTS, index: 0, restarts: 1 },
    });
    const copy = createRestartNotice(notice as StreamMessage);
    assert.deepEqual(copy, notice);
    assert.notEqual(copy, notice);
  });

  it("has the text of its payload, or empty text if that has no text form", () => {
    for (const [payload, expected] of [
      ["a", "a"],
      [undefined, ""],
      [null, ""],
      [0, "0"],
      [["a", "b"], "a,b"],
      [{ toString: null }, ""],
    ] as const) {
      assert.equal(readPayloadText({ payload }), expected);
    }
  });

  it("has a failure if its error has a code, and partial text only if that is text", () => {
    for (const error of [undefined, null, "oops", {}, { code: 5 }, []]) {
      assert.equal(readFailure({ error }), undefined, JSON.stringify(error));
    }
    assert.deepEqual(readFailure({ error: { code: "limit", partial: "a" } }), {
      code: "limit",
      partial: "a",
    });
    assert.deepEqual(readFailure({ error: { code: "limit", partial: 5 } }), { code: "limit", partial: "" });
    const error = { code: "limit" };
    assert.notEqual(readFailure({ error }), error);
  });
});
