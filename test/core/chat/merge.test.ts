import assert from "node:assert/strict";
import fc from "fast-check";
import type { Chunk } from "../../../src/core/chat/chunk.js";
import { joinBase64, mergeChunks } from "../../../src/core/chat/merge.js";
import { mergeField } from "../../../src/core/chat/vendor-fields.js";
import { anyCuts, cutText } from "../../support/inputs/cutting.js";

describe("Merged chunks", () => {
  it("keep the first id, and append texts and lists", () => {
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

  it("keep the first id and type of a tool call, and probabilities that only one of them has", () => {
    const piece = (id: string, type: string) => ({
      index: 0,
      id,
      type,
      function: { name: id, arguments: id },
    });
    const merged = mergeChunks(
      {
        choices: [{ index: 0, delta: { tool_calls: [piece("a", "t")] }, logprobs: { content: [1] } }],
      },
      { choices: [{ index: 0, delta: { tool_calls: [piece("b", "u")] }, logprobs: null }] },
    );
    assert.deepEqual(merged.choices[0], {
      index: 0,
      delta: { tool_calls: [{ index: 0, id: "a", type: "t", function: { name: "b", arguments: "ab" } }] },
      logprobs: { content: [1] },
    });
  });

  it("merge vendor fields with the names of prototype properties", () => {
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

  it("keep the finish reason and the usage if the later chunk has none", () => {
    const merged = mergeChunks(
      { choices: [{ index: 0, delta: {}, finish_reason: "stop" }], usage: { a: 1 } },
      { choices: [{ index: 0, delta: {}, finish_reason: null, logprobs: null }], usage: null },
    );
    assert.equal(merged.choices[0]!.finish_reason, "stop");
    assert.deepEqual(merged.usage, { a: 1 });
  });
});

describe("Base64 in pieces", () => {
  it("joins padded base64 pieces as bytes", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array()), (pieces) => {
        const joined = joinBase64(pieces.map((piece) => Buffer.from(piece).toString("base64")));
        assert.deepEqual(Buffer.from(joined, "base64"), Buffer.concat(pieces));
      }),
    );
  });

  it("joins pieces of one base64 text as text", () => {
    fc.assert(
      fc.property(fc.uint8Array(), anyCuts, (bytes, cuts) => {
        const whole = Buffer.from(bytes).toString("base64").replace(/=+$/, "");
        assert.equal(joinBase64(cutText(whole, cuts)), whole);
      }),
    );
  });
});
