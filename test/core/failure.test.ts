import assert from "node:assert/strict";
import { Failure, readReason, toFailure } from "../../src/core/failure.js";

describe("Failure", () => {
  it("turns into plain data with only the listed fields", () => {
    const failure = new Failure("rate_limit", "slow down", { status: 429, retryAfterMs: 20, requestId: "r" });
    assert.deepEqual(structuredClone(failure.toJSON()), {
      code: "rate_limit",
      message: "slow down",
      retryable: true,
      phase: "connect",
      provider: "",
      partial: "",
      status: 429,
      retryAfterMs: 20,
      requestId: "r",
    });
    assert.equal(failure.cause, undefined);
  });

  it("leaves out fields that are not known", () => {
    assert.deepEqual(Object.keys(new Failure("limit", "x").toJSON()).sort(), [
      "code",
      "message",
      "partial",
      "phase",
      "provider",
      "retryable",
    ]);
  });

  it("is made of anything thrown, not retryable, while a Failure stays itself", () => {
    const failure = new Failure("timeout", "x");
    assert.equal(toFailure(failure), failure);
    assert.deepEqual(
      [toFailure(new TypeError("bad")), toFailure("text", "connection")].map(
        ({ code, message, retryable }) => [code, message, retryable],
      ),
      [
        ["bad_response", "bad", false],
        ["connection", "text", false],
      ],
    );
  });
});

describe("Text of a failure", () => {
  it("is on one line, and has nothing that a terminal would obey", () => {
    const failure = new Failure("bad_response", "a\r\n[info] forged \x1b[2J\u202eb", {
      requestId: "r\x07\n",
    });
    assert.equal(failure.message, "a [info] forged \ufffd[2J\ufffdb");
    assert.equal(failure.requestId, "r\ufffd ");
    assert.ok(failure.stack!.startsWith("Failure: a [info] forged \ufffd[2J\ufffdb\n    at "), failure.stack);
  });
});

/** What is thrown, and the text that is read from it. */
const THROWN: readonly (readonly [thrown: unknown, text: string])[] = [
  ["plain text", "plain text"],
  [42, "42"],
  [undefined, "undefined"],
  [null, "null"],
  [Symbol("s"), "Symbol(s)"],
  [new Error("no"), "no"],
  [new RangeError(""), "RangeError"],
  [{ message: "no" }, "no"],
  [{ code: "D3030", position: 8, token: "number", message: "Unable to cast" }, "Unable to cast (position 8)"],
  [Object.assign(new Error("at it"), { position: 3 }), "at it (position 3)"],
  [{ code: "T2001" }, "T2001"],
  [{ reason: "full" }, '{"reason":"full"}'],
  [[1, 2], "[1,2]"],
  [Object.create(null), "{}"],
  [{ message: { text: "deep" } }, '{"message":{"text":"deep"}}'],
  [
    {
      get message() {
        throw new Error("no entry");
      },
    },
    "an error that cannot be read",
  ],
];

describe("Text of anything thrown", () => {
  for (const [thrown, text] of THROWN) {
    it(`is “${text}”`, () => {
      assert.equal(readReason(thrown), text);
      assert.equal(toFailure(thrown).message, text);
    });
  }
});

describe("Reason of a thrown error", () => {
  it("is the first line of its message, without a full stop and at most 200 characters long", () => {
    assert.equal(readReason(new Error("No such file.")), "No such file");
    assert.equal(readReason("plain text"), "plain text");
    assert.equal(readReason(new TypeError("x".repeat(300))), "x".repeat(200));
    const circle: { self?: object } = {};
    circle.self = circle;
    assert.throws(
      () => JSON.stringify(circle),
      (thrown) => readReason(thrown) === "Converting circular structure to JSON",
    );
  });
});
