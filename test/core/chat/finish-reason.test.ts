import assert from "node:assert/strict";
import { isFaultReason, normaliseFinishReason } from "../../../src/core/chat/finish-reason.js";

describe("Finish reason", () => {
  it("is translated into the words of the message contract", () => {
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

  it("stays the vendor's word if it is not known, and is unknown if it is missing", () => {
    assert.equal(normaliseFinishReason("Other"), "Other");
    assert.equal(normaliseFinishReason("toString"), "toString");
    for (const none of ["", null, undefined]) assert.equal(normaliseFinishReason(none), "unknown");
  });

  it("reports a fault of the service", () => {
    assert.ok(isFaultReason("error"));
    assert.ok(isFaultReason("INSUFFICIENT_SYSTEM_RESOURCE"));
    for (const none of ["stop", "", null, undefined]) assert.equal(isFaultReason(none), false);
  });
});
