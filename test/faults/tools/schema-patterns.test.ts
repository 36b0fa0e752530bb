import assert from "node:assert/strict";
import { compileSchema } from "../../../src/core/json/schema.js";

/** A pattern that takes quadratic time: on 20,000 spaces it runs for a second. */
const SLOW_PATTERN = "^(a|b)*c$|\\s+$";

describe("Pattern of a schema", () => {
  it("K16: is tested on at most 4,096 characters; a longer text is invalid for that reason", () => {
    const check = compileSchema({ properties: { a: { type: "string", pattern: SLOW_PATTERN } } });
    assert.equal(check({ a: `${"ab".repeat(2047)}c` }), undefined);
    assert.match(check({ a: "a".repeat(4096) })!, /^\$\.a must match pattern/);
    // Testing the pattern on this text would take a second.
    assert.match(check({ a: `${" ".repeat(20_000)}x` })!, /^\$\.a has a text of more than 4096/);
  });

  it("K16: is not tested on long texts, which are invalid even under not, anyOf, patternProperties and propertyNames", () => {
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
    assert.equal(check("a"), undefined, "a long text does not affect the next check");
  });
});
