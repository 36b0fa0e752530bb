import assert from "node:assert/strict";
import fc from "fast-check";
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

  it("keeps the latest entries whatever was set again, deleted or cleared before", () => {
    const step = fc.oneof(
      { weight: 8, arbitrary: fc.record({ set: fc.nat(9) }) },
      { weight: 3, arbitrary: fc.record({ delete: fc.nat(9) }) },
      { weight: 1, arbitrary: fc.constant("clear" as const) },
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), fc.array(step, { maxLength: 200 }), (max, steps) => {
        const recent = new RecentMap<number>(max);
        let expected: string[] = [];
        for (const [at, one] of steps.entries()) {
          if (one === "clear") {
            recent.clear();
            expected = [];
            continue;
          }
          const key = String("set" in one ? one.set : one.delete);
          expected = expected.filter((other) => other !== key);
          if ("set" in one) {
            recent.set(key, at);
            expected = [...expected, key].slice(-max);
          } else recent.delete(key);
          assert.deepEqual([...recent.keys()], expected);
        }
      }),
    );
  });

  it("looks for its oldest entry in its keys once, and not each time that one is too many", () => {
    let looks = 0;
    class Watched extends RecentMap<number> {
      override keys(): MapIterator<string> {
        looks++;
        return super.keys();
      }
    }
    const recent = new Watched(10);
    for (let nth = 0; nth < 100; nth++) recent.set(`key ${nth}`, nth);
    assert.deepEqual([recent.size, recent.get("key 90"), looks], [10, 90, 1]);
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
