import assert from "node:assert/strict";
import { formatIsoTime } from "../../src/serving/iso-time.js";

describe("A time as text", () => {
  it("is ISO 8601 in UTC with milliseconds", () => {
    assert.equal(formatIsoTime(0), "1970-01-01T00:00:00.000Z");
    assert.equal(formatIsoTime(1_709_251_199), "2024-02-29T23:59:59.000Z");
  });
});
