import assert from "node:assert/strict";
import fc from "fast-check";
import type { Chunk } from "../../../src/core/chat/chunk.js";
import { joinBase64, mergeChunks } from "../../../src/core/chat/merge.js";
import {
  appendReasoningDetails,
  DistinctList,
  LatestFields,
  mergeField,
} from "../../../src/core/chat/vendor-fields.js";
import { estimateSize } from "../../../src/core/json/parse.js";
import { anyCuts, anyJson, cutText } from "../../support/inputs/arbitraries.js";

describe("A vendor's field that comes once more", () => {
  it("replaces what was, but is overwritten by nothing empty", () => {
    assert.equal(mergeField("a", "b"), "b");
    assert.equal(mergeField("a", ""), "");
    for (const empty of [null, undefined, [], {}]) assert.equal(mergeField("a", empty), "a");
    assert.deepEqual(mergeField([1], [2]), [2]);
    assert.deepEqual(mergeField(undefined, []), []);
    assert.deepEqual(mergeField(null, {}), {});
  });

  it("adds its members to an object's", () => {
    assert.deepEqual(mergeField({ a: 1, b: [2], c: null }, { a: 3, b: [], c: [], d: null }), {
      a: 3,
      b: [2],
      c: [],
    });
  });

  it("changes neither the one nor the other", () => {
    const known = Object.freeze({ a: Object.freeze([1]) });
    mergeField(known, Object.freeze({ a: [2] }));
    assert.deepEqual(known, { a: [1] });
  });

  it("is kept as a copy, and its growth is counted once", () => {
    const fields = new LatestFields();
    const value = { a: "12345" };
    const grown = fields.add("key", value);
    assert.equal(grown, estimateSize({ a: "12345" }) + 3);
    value.a = "changed";
    assert.deepEqual(fields.toObject(), { key: { a: "12345" } });
    assert.equal(fields.add("key", { a: "12345" }), 0);
    assert.equal(fields.add("key", { a: "123" }), 0);
    assert.equal(fields.add("none", null), 0);
    (fields.toObject()["key"] as { a: string }).a = "changed";
    assert.deepEqual(fields.toObject(), { key: { a: "123" } });
  });

  it("may have any name", () => {
    const fields = new LatestFields();
    for (const name of ["__proto__", "constructor", "toString"]) fields.add(name, { x: 1 });
    assert.deepEqual(Object.keys(fields.toObject()), ["__proto__", "constructor", "toString"]);
    assert.equal(({} as { x?: number }).x, undefined);
  });
});

describe("A list that is repeated or continued", () => {
  it("has each entry once, in order, and counts what is new", () => {
    const list = new DistinctList();
    assert.ok(list.add([{ a: 1 }, "b"]) > 0);
    assert.equal(list.add([{ a: 1 }, "b"]), 0);
    list.add(["c", { a: 1 }]);
    assert.deepEqual(list.toArray(), [{ a: 1 }, "b", "c"]);
  });
});

describe("Reasoning details", () => {
  it("take texts that are none as they are", () => {
    const details: unknown[] = [];
    appendReasoningDetails(details, [{ type: "t", index: 0, text: "a" }]);
    appendReasoningDetails(details, [{ type: "t", index: 0, text: { toString: null } }]);
    assert.deepEqual(details, [{ type: "t", index: 0, text: { toString: null } }]);
  });

  it("grow by type and index; those without an index stand alone", () => {
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

describe("Base64 in pieces", () => {
  it("is joined as bytes where the pieces are padded", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array()), (pieces) => {
        const joined = joinBase64(pieces.map((piece) => Buffer.from(piece).toString("base64")));
        assert.deepEqual(Buffer.from(joined, "base64"), Buffer.concat(pieces));
      }),
    );
  });

  it("is joined as text where one text was cut", () => {
    fc.assert(
      fc.property(fc.uint8Array(), anyCuts, (bytes, cuts) => {
        const whole = Buffer.from(bytes).toString("base64").replace(/=+$/, "");
        assert.equal(joinBase64(cutText(whole, cuts)), whole);
      }),
    );
  });
});

describe("The size of a value", () => {
  it("is at least that of its texts, and finite", () => {
    fc.assert(fc.property(anyJson, (value) => assert.ok(estimateSize(value) >= 1)));
    assert.ok(estimateSize({ a: ["x".repeat(50)] }) > 50);
  });
});

describe("Merging two chunks", () => {
  it("keeps the first's id, adds texts, and appends lists", () => {
    const merged = mergeChunks(
      {
        id: "",
        choices: [{ index: 0, delta: { content: "a", role: "assistant" }, logprobs: { content: [1] } }],
      },
      {
        id: "b",
        model: "m",
        created: 3,
        choices: [
          {
            index: 0,
            delta: { content: "b", role: "user" },
            logprobs: { content: [2] },
            finish_reason: "stop",
          },
          { index: 1, delta: { content: "c" } },
        ],
        usage: { total_tokens: 1 },
      },
    );
    assert.deepEqual(merged, {
      id: "b",
      model: "m",
      created: 3,
      usage: { total_tokens: 1 },
      choices: [
        {
          index: 0,
          delta: { content: "ab", role: "assistant" },
          logprobs: { content: [1, 2] },
          finish_reason: "stop",
        },
        { index: 1, delta: { content: "c" } },
      ],
    });
  });

  it("keeps the first id, type and probabilities of what both name", () => {
    const piece = (id: string, type: string) => ({
      index: 0,
      id,
      type,
      function: { name: id, arguments: id },
    });
    const merged = mergeChunks(
      { choices: [{ index: 0, delta: { tool_calls: [piece("a", "t")] }, logprobs: { content: [1] } }] },
      { choices: [{ index: 0, delta: { tool_calls: [piece("b", "u")] }, logprobs: null }] },
    );
    assert.deepEqual(merged.choices[0], {
      index: 0,
      delta: { tool_calls: [{ index: 0, id: "a", type: "t", function: { name: "b", arguments: "ab" } }] },
      logprobs: { content: [1] },
    });
  });

  it("takes fields for fields, whatever every object has under their names", () => {
    const names = { constructor: {}, toString: [], valueOf: null, hasOwnProperty: 1 };
    const chunk = () => ({
      ...names,
      choices: [
        { ...names, index: 0, delta: { ...names, audio: names, tool_calls: [{ ...names, index: 0 }] } },
      ],
    });
    const empty = { choices: [{ index: 0, delta: { audio: {}, tool_calls: [{ index: 0 }] } }] };
    const merged = mergeChunks(empty as Chunk, chunk() as unknown as Chunk);
    structuredClone(merged);
    assert.deepEqual(JSON.parse(JSON.stringify(merged)).choices[0].delta.audio, {
      constructor: {},
      toString: [],
      hasOwnProperty: 1,
    });
    assert.deepEqual(mergeField({}, { constructor: {} }), { constructor: {} });
  });

  it("takes no reason and no usage away", () => {
    const merged = mergeChunks(
      { choices: [{ index: 0, delta: {}, finish_reason: "stop" }], usage: { a: 1 } },
      { choices: [{ index: 0, delta: {}, finish_reason: null, logprobs: null }], usage: null },
    );
    assert.equal(merged.choices[0]!.finish_reason, "stop");
    assert.deepEqual(merged.usage, { a: 1 });
  });
});

describe("What grows by a member with each chunk", function () {
  // Enough for a slow machine. Where each chunk looked at all that came before, it would be minutes.
  this.timeout(20_000);
  const MANY = 25_000;

  it("costs no more the longer it has grown: a vendor's object", () => {
    const fields = new LatestFields();
    let size = 0;
    for (let at = 0; at < MANY; at++) size += fields.add("blocks", { [at]: { type: "x" } });
    const { blocks } = fields.toObject();
    assert.equal(Object.keys(blocks as object).length, MANY);
    assert.ok(Math.abs(size - estimateSize(blocks)) < 100, `${size} of ${estimateSize(blocks)}`);
  });

  it("costs no more the longer it has grown: reasoning details", () => {
    const known: unknown[] = [];
    for (let at = 0; at < MANY; at++) appendReasoningDetails(known, [{ type: "x", index: at, text: "t" }]);
    assert.equal(known.length, MANY);
    appendReasoningDetails(known, [{ type: "x", index: MANY - 1, text: "u" }]);
    assert.deepEqual(known.at(-1), { type: "x", index: MANY - 1, text: "tu" });
  });
});
