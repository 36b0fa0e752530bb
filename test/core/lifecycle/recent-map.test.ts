import assert from "node:assert/strict";
import { RecentMap } from "../../../src/core/lifecycle/recent-map.js";

describe("Recent map", () => {
  it("deletes the entry that was set longest ago if one is too many", () => {
    const recent = new RecentMap<number>(2);
    recent.set("a", 1).set("b", 2).set("a", 3).set("c", 4);
    assert.deepEqual(
      [...recent],
      [
        ["a", 3],
        ["c", 4],
      ],
    );
  });

  it("keeps the hash of a long key, and finds it by the key", () => {
    const recent = new RecentMap<number>(2);
    const long = "x".repeat(100_000);
    recent.set(long, 1).set(`${long}y`, 2);
    assert.deepEqual([recent.get(long), recent.get(`${long}y`), recent.has(`${long}z`)], [1, 2, false]);
    assert.ok([...recent.keys()].join("").length < 200);
    recent.delete(long);
    assert.equal(recent.has(long), false);
  });
});
