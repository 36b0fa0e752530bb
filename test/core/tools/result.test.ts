import assert from "node:assert/strict";
import fc from "fast-check";
import { toToolResult } from "../../../src/core/tools/result.js";

describe("Tool result", () => {
  it("converts any value to a text of bounded length and never throws", () => {
    fc.assert(
      fc.property(
        fc.anything({ withBigInt: true, withDate: true, withMap: true }),
        fc.integer({ min: 1, max: 50 }),
        (value, maxChars) => {
          const { text } = toToolResult(value, maxChars);
          assert.ok(text.length < Math.max(maxChars + 100, 300), text);
        },
      ),
    );
  });

  it("passes a text on unchanged", () => {
    fc.assert(
      fc.property(fc.string(), (text) =>
        assert.deepEqual(toToolResult(text, 10_000), { text, failed: false }),
      ),
    );
  });
});
