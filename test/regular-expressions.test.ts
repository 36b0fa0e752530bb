import assert from "node:assert/strict";
import {
  findSlowness,
  listRegularExpressions,
  type RegularExpression,
} from "./support/regular-expressions.js";
import { listFiles } from "./support/source-tree.js";

describe("Regular expressions", () => {
  it("take linear time on any text, in each file of src and nodes", function () {
    this.timeout(180_000);
    const literals = new Map<string, RegularExpression>();
    for (const file of [...listFiles("src"), ...listFiles("nodes")]) {
      for (const literal of listRegularExpressions(file))
        literals.set(`/${literal.source}/${literal.flags}`, literal);
    }
    assert.ok(literals.size > 200);
    assert.deepEqual([...literals.values()].map(findSlowness).filter(Boolean), []);
  });

  it("are found slow if they repeat a repetition, look far ahead or end in white space", () => {
    for (const slow of [
      /^(a+)+$/,
      /(?:[*_]+|\[\d+\])+\s+/y,
      /(\d+)\s*([a-z]+)/g,
      /\s+$/,
      /(`{3,}(?!.*`))/,
      /<[^>]*>/,
    ]) {
      const { source, flags } = slow;
      assert.match(findSlowness({ place: "here", source, flags }) ?? "", /exponential|polynomial/, source);
    }
  });
});
