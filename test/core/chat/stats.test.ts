import assert from "node:assert/strict";
import { buildStats, TotalStats } from "../../../src/core/chat/stats.js";

describe("Statistics of several requests", () => {
  it("count the text that the reader has, and the time since the first request, waits included", () => {
    const total = new TotalStats();
    total.add(buildStats(4, 40, 200, 1000), 11_000, 0);
    total.add(buildStats(3, 35, 100, 500), 14_000, 5);
    assert.deepEqual(total.toStats(14_000, 2), {
      chunks: 7,
      characters: 70,
      firstTokenMs: 200,
      durationMs: 4000,
      charactersPerSecond: 17.5,
      attempts: 2,
    });
  });

  it("have the first token of the first request with content", () => {
    const total = new TotalStats();
    total.add(buildStats(0, 0, null, 1000), 1000, 0);
    total.add(buildStats(1, 1, 250, 500), 2500, 0);
    assert.equal(total.toStats(2500, 2).firstTokenMs, 2250);
  });

  it("count the text from the beginning after the reader discards it, but not the time", () => {
    const total = new TotalStats();
    total.add(buildStats(4, 40, 200, 1000), 1000, 0);
    total.discardText();
    total.add(buildStats(1, 10, 100, 1000), 3000, 0);
    const { chunks, characters, firstTokenMs, durationMs } = total.toStats(3000, 2);
    assert.deepEqual([chunks, characters, firstTokenMs, durationMs], [1, 10, 2100, 3000]);
  });
});

describe("Statistics of a request", () => {
  it("are rounded, and never divide by zero", () => {
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
