import assert from "node:assert/strict";
import { RecentMap } from "../../../src/core/lifecycle/recent-map.js";

describe("Recent", () => {
  it("lets go of what was set longest ago, and of no more than it has to", () => {
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
