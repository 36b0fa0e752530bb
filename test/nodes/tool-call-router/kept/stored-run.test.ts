import assert from "node:assert/strict";
import type { StreamMessage } from "../../../../src/node-red/messages/stream-message.js";
import {
  isStoredRun,
  restoreRun,
  type StoredRun,
  storeRun,
} from "../../../../src/node-red/tool-call-router/kept/stored-run.js";
import { RunRecord } from "../../../../src/node-red/tool-call-router/record.js";

const HOUR_MS = 3_600_000;

/** Stores a run whose first turn took a second and cost two dollars. @param date of the wall clock */
function store(date: number): StoredRun {
  const record = new RunRecord({ payload: "Hi" }, []);
  const stats = {
    chunks: 1,
    characters: 2,
    firstTokenMs: 500,
    durationMs: 1_000,
    charactersPerSecond: 2,
    attempts: 1,
  };
  const last = { payload: "", parts: { id: "s", index: 0, type: "string", ch: "" }, request: { model: "m" } };
  record.last = last as unknown as StreamMessage;
  record.request = { model: "m", messages: [], parameters: {} };
  record.stats.add(stats, 1_000, 0);
  const cost = { usd: 2, source: "own" } as const;
  record.rounds.push({ usage: null, cost, finishReason: "tool_calls", characters: 2, calls: [] });
  record.cost.add(cost);
  record.callIds.add("c");
  const stored = storeRun(record, { phase: "asked" }, { now: () => 1_000, date: () => date });
  return JSON.parse(JSON.stringify(stored)) as StoredRun;
}

/** Restores it in a process whose monotonic clock begins anew. */
const restore = (stored: StoredRun, date: number) =>
  restoreRun(stored, { now: () => 50, date: () => date, listTools: () => new Map() }).record;

describe("A stored run", () => {
  it("is restored with what it has cost, the ids of its calls, and the time that it was away", () => {
    const record = restore(store(HOUR_MS), 2 * HOUR_MS);
    assert.deepEqual(record.cost.value, { usd: 2, source: "own" });
    assert.ok(record.callIds.has("c"));
    assert.equal(record.stats.toStats(50, 1).durationMs, HOUR_MS + 1_000);
  });

  it("takes no less time than it has taken if the clock was put back meanwhile", () => {
    assert.equal(restore(store(2 * HOUR_MS), HOUR_MS).stats.toStats(50, 1).durationMs, 1_000);
  });

  it("has its request once", () => {
    assert.ok(!("request" in store(0).last));
  });

  it("is not read if it is of another version, or if a part of it is missing", () => {
    const stored = store(0);
    assert.equal(isStoredRun(stored), true);
    for (const change of [
      { v: 2 },
      { key: 5 },
      { state: { phase: "calling" } },
      { last: {} },
      { request: null },
      { rounds: {} },
    ])
      assert.equal(isStoredRun({ ...stored, ...change }), false, JSON.stringify(change));
  });
});
