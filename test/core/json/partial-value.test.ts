import assert from "node:assert/strict";
import { PartialValue } from "../../../src/core/json/partial-value.js";

/** Lists the values that a text shows while it comes in these pieces. */
function showValues(pieces: Iterable<string>): unknown[] {
  const view = new PartialValue();
  const values = [...pieces].map((piece) => view.add(piece));
  return [...values, view.end()].filter((value) => value !== undefined);
}

describe("Partial value", () => {
  it("returns the value each time it grows, and only then", () => {
    assert.deepEqual(showValues(['{"a', '": ', '"x', "", "y", '", "b"', ": 1", "2}", " \n"]), [
      {},
      { a: "x" },
      { a: "xy" },
      { a: "xy", b: 12 },
    ]);
  });

  it("returns a number or word that stands alone when the text ends", () => {
    assert.deepEqual(showValues(["4", "2"]), [42]);
    assert.deepEqual(showValues(["nul", "l"]), [null]);
  });

  it("ignores a code block around the value, wherever the text is cut", () => {
    for (const fence of ["```json\n", "```\n", " \n```JSON \r\n"]) {
      const text = `${fence}{"a": [1, 2]}\n\`\`\`\n`;
      for (const size of [1, 3, 100]) {
        const pieces = text.match(new RegExp(`[^]{1,${size}}`, "g"))!;
        assert.deepEqual(showValues(pieces).at(-1), { a: [1, 2] }, JSON.stringify(pieces));
      }
    }
  });

  it("returns nothing for a text that is not JSON, and nothing more once it stops being JSON", () => {
    assert.deepEqual(showValues(["Sure! ", '{"a": 1}']), []);
    assert.deepEqual(showValues(["```python\n", '{"a": 1}']), []);
    assert.deepEqual(showValues(['{"a": "x', '", oops', ': "y"}']), [{ a: "x" }]);
    assert.deepEqual(showValues(['{"a": "x", oops', ': "y"}']), [{ a: "x" }]);
    assert.deepEqual(showValues(['{"a": "x"', "} That is all.", ' {"b": 1}']), [{ a: "x" }]);
  });

  it("always returns the final value of a wide array, and earlier ones at linear cost", () => {
    const numbers = Array.from({ length: 20_000 }, (_, at) => at % 10);
    const wide = showValues(JSON.stringify(numbers)) as number[][];
    const copied = wide.reduce((sum, value) => sum + value.length, 0);
    assert.deepEqual(wide.at(-1), numbers);
    assert.ok(copied <= 33 * 2 * numbers.length, `${copied} elements copied`);
    assert.ok(wide.length > 100, `${wide.length} values`);
    const narrow = showValues(JSON.stringify(Array(20).fill({ name: "Ada", age: 36 })));
    assert.ok(narrow.length > 20 * 5, "an answer as they are is shown at each growth");
  });
});
