import assert from "node:assert/strict";
import fc from "fast-check";
import { formatIsoTime } from "../../src/serving/iso-time.js";

describe("A time as text", () => {
  it("is the one that a Date writes, for every second of 8,000 years", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 253_402_300_799 }), (seconds) => {
        assert.equal(formatIsoTime(seconds), new Date(seconds * 1000).toISOString());
      }),
      { numRuns: 2000 },
    );
  });
});
