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
