import assert from "node:assert/strict";
import { compileSchema } from "../../src/core/json/schema.js";

/** Runs through its text for each of its characters: quadratic, and felt long before a megabyte. */
const SLOW = "^(a|b)*c$|\\s+$";

describe("Patterns of a schema", () => {
  it("K16: run on no more than 4 KiB: a longer text does not fit, and the reason is said", () => {
    const check = compileSchema({ properties: { a: { type: "string", pattern: SLOW } } });
    assert.equal(check({ a: `${"ab".repeat(2047)}c` }), undefined);
    assert.match(check({ a: "a".repeat(4096) })!, /^\$\.a must match pattern/);
    // The pattern itself would not say so; and run on this, it would take a second.
    assert.match(check({ a: `${" ".repeat(20_000)}x` })!, /^\$\.a has a text of more than 4096/);
  });

  it("K16: that are turned round, or stand for names, make no way around it", () => {
    const long = "a".repeat(5000);
    for (const [schema, value] of [
      [{ not: { pattern: "b" } }, long],
      [{ patternProperties: { "^b": false } }, { [long]: 1 }],
      [{ propertyNames: { pattern: "^a" } }, { [long]: 1 }],
      [{ anyOf: [{ pattern: "^b" }, {}] }, long],
    ] as const) {
      assert.match(compileSchema(schema)(value)!, /more than 4096 characters/);
    }
    const check = compileSchema({ not: { pattern: "b" } });
    assert.match(check(long)!, /more than 4096/);
    assert.equal(check("a"), undefined, "one long text says nothing of the next");
  });
});
