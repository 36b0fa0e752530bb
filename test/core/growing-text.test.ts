import assert from "node:assert/strict";
import fc from "fast-check";
import { copyText, GrowingText } from "../../src/core/growing-text.js";
import { anyText } from "../support/inputs/arbitraries.js";

describe("Growing text", () => {
  it("has all that was appended", () => {
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
