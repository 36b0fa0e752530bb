import assert from "node:assert/strict";
import { readCommandTopic, readName, readOwnTopic, readStreamId } from "../../../src/node-red/red/names.js";
import { matchFailure } from "../../support/worlds/started-stream.js";

/** What may tell visitors apart, and the name that it becomes. */
const NAMES: readonly (readonly [value: unknown, name: string | undefined])[] = [
  ["ada", "ada"],
  ["", ""],
  [" a ", " a "],
  ["[object Object]", "[object Object]"],
  [7, "7"],
  [0, "0"],
  [-1.5, "-1.5"],
  [10n, "10"],
  [undefined, undefined],
  [null, undefined],
];

/** What would be the same text for many. */
const NO_NAMES: readonly (readonly [value: unknown, kind: string])[] = [
  [{ type: "websocket", id: "visitor-1" }, "an object"],
  [["a", "b"], "an array"],
  [[], "an array"],
  [new Map([["id", 1]]), "an object"],
  [new Date(0), "an object"],
  [Buffer.from("a"), "an object"],
  [Object.create(null), "an object"],
  [Object("ada"), "an object"],
  [true, "a truth value"],
  [false, "a truth value"],
  [Number.NaN, "NaN"],
  [Number.POSITIVE_INFINITY, "Infinity"],
  [() => "ada", "a function"],
  [Symbol("ada"), "a symbol"],
];

describe("A name of a visitor or a stream", () => {
  for (const [value, name] of NAMES) {
    it(`is “${name}” for ${typeof value} ${String(value)}`, () =>
      assert.equal(readName(value, "msg.user"), name));
  }

  for (const [value, kind] of NO_NAMES) {
    it(`is not ${kind} (${Object.prototype.toString.call(value)}), and the error says so`, () => {
      assert.throws(() => readName(value, "msg.user"), matchFailure("invalid_request"));
      assert.throws(
        () => readName(value, "msg.user"),
        (error: Error) => error.message.startsWith(`msg.user must be a text or a number, not ${kind}: `),
      );
      assert.throws(() => readCommandTopic({ topic: value }), /^Failure: msg\.topic must be/);
      assert.throws(
        () => readStreamId({ parts: { id: value as string, index: 0 } }),
        /^Failure: msg\.parts\.id must be/,
      );
      assert.equal(readOwnTopic({ topic: value }), undefined, "no command means a message by it");
    });
  }

  it("is missing in a message without parts, or with parts that are something else", () => {
    for (const parts of [undefined, null, 5, "x", [], {}])
      assert.equal(readStreamId({ parts: parts as never }), undefined);
  });

  it("is empty for a missing topic, which stands for all", () => {
    for (const message of [{}, { topic: null }, { topic: "" }]) {
      assert.equal(readCommandTopic(message), "");
      assert.equal(readOwnTopic(message), "");
    }
  });
});
