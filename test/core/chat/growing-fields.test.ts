import assert from "node:assert/strict";
import { appendReasoningDetails } from "../../../src/core/chat/growing-fields.js";
import { LatestFields } from "../../../src/core/chat/vendor-fields.js";
import { estimateHeapBytes } from "../../../src/core/json/heap-size.js";

describe("Reasoning details", () => {
  it("keeps a reasoning text that is not a string unchanged", () => {
    const details: unknown[] = [];
    appendReasoningDetails(details, [{ type: "t", index: 0, text: "a" }]);
    appendReasoningDetails(details, [{ type: "t", index: 0, text: { toString: null } }]);
    assert.deepEqual(details, [{ type: "t", index: 0, text: { toString: null } }]);
  });

  it("appends reasoning details with the same type and index, and keeps those without an index apart", () => {
    const details: unknown[] = [];
    appendReasoningDetails(details, [
      { type: "t", index: 0, text: "a", summary: "s" },
      { type: "u", index: 0, data: "x" },
      { type: "t", text: "alone" },
    ]);
    appendReasoningDetails(details, [
      { type: "t", index: 0, text: "b", summary: "t", signature: "sig", format: null },
      { type: "u", index: 0, data: "y" },
      { type: "t", text: "alone" },
      null,
      "odd",
    ]);
    assert.deepEqual(details, [
      { type: "t", index: 0, text: "ab", summary: "st", signature: "sig" },
      { type: "u", index: 0, data: "xy" },
      { type: "t", text: "alone" },
      { type: "t", text: "alone" },
      null,
      "odd",
    ]);
  });
});

describe("Growing vendor fields", () => {
  // Enough for a slow machine. Quadratic code would take minutes.
  const MANY = 25_000;

  it("add a member to a large vendor object at the same cost as to a small one", () => {
    const fields = new LatestFields();
    let size = 0;
    for (let at = 0; at < MANY; at++) size += fields.add("blocks", { [at]: { type: "x" } });
    const { blocks } = fields.toObject();
    assert.equal(Object.keys(blocks as object).length, MANY);
    assert.ok(Math.abs(size - estimateHeapBytes(blocks)) < 200, `${size} of ${estimateHeapBytes(blocks)}`);
  });

  it("add a block to many reasoning details at the same cost as to few", () => {
    const known: unknown[] = [];
    for (let at = 0; at < MANY; at++) appendReasoningDetails(known, [{ type: "x", index: at, text: "t" }]);
    assert.equal(known.length, MANY);
    appendReasoningDetails(known, [{ type: "x", index: MANY - 1, text: "u" }]);
    assert.deepEqual(known.at(-1), { type: "x", index: MANY - 1, text: "tu" });
  });
});
