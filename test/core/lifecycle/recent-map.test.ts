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
});
