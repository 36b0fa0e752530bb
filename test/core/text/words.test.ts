import assert from "node:assert/strict";
import fc from "fast-check";
import { isFaultReason, normaliseFinishReason } from "../../../src/core/chat/finish-reason.js";
import { copyText, GrowingText } from "../../../src/core/chat/growing-text.js";
import { buildStats } from "../../../src/core/chat/stats.js";
import { anyText } from "../../support/inputs/arbitraries.js";

describe("A finish reason", () => {
  it("is said in the words of the message contract", () => {
    for (const [raw, word] of [
      ["stop", "stop"],
      ["end_turn", "stop"],
      ["stop_sequence", "stop"],
      ["eos", "stop"],
      ["STOP", "stop"],
      ["length", "length"],
      ["MAX_TOKENS", "length"],
      ["tool_calls", "tool_calls"],
      ["tool_use", "tool_calls"],
      ["function_call", "tool_calls"],
      ["content_filter", "content_filter"],
      ["SAFETY", "content_filter"],
      ["refusal", "content_filter"],
    ] as const) {
      assert.equal(normaliseFinishReason(raw), word, raw);
    }
  });

  it("is the vendor's own word where it fits none, and unknown where there is none", () => {
    assert.equal(normaliseFinishReason("Other"), "Other");
    assert.equal(normaliseFinishReason("toString"), "toString");
    for (const none of ["", null, undefined]) assert.equal(normaliseFinishReason(none), "unknown");
  });

  it("may be a fault of the service", () => {
    assert.ok(isFaultReason("error"));
    assert.ok(isFaultReason("INSUFFICIENT_SYSTEM_RESOURCE"));
    for (const none of ["stop", "", null, undefined]) assert.equal(isFaultReason(none), false);
  });
});

describe("A growing text", () => {
  it("is all that was appended", () => {
    fc.assert(
      fc.property(fc.array(anyText), fc.nat(300), (parts, times) => {
        const text = new GrowingText();
        let whole = "";
        for (const part of parts) {
          text.append(part.repeat(times));
          whole += part.repeat(times);
          assert.equal(text.length, whole.length);
        }
        assert.equal(text.toString(), whole);
        assert.equal(`${text}`, whole);
      }),
    );
  });

  it("is copied with the same characters", () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => assert.equal(copyText(text), text)));
  });
});

describe("The statistics", () => {
  it("are rounded, and never divide by nothing", () => {
    assert.deepEqual(buildStats(2, 100, 12.4, 2000.6), {
      chunks: 2,
      characters: 100,
      firstTokenMs: 12,
      durationMs: 2001,
      charactersPerSecond: 50,
      attempts: 1,
    });
    assert.equal(buildStats(0, 0, null, 0).firstTokenMs, null);
    assert.equal(buildStats(1, 5, 0, 0).charactersPerSecond, 5000);
  });
});
