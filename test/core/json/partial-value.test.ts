import assert from "node:assert/strict";
import fc from "fast-check";
import { OpeningFence, stripFence } from "../../../src/core/json/code-fence.js";
import { PartialValue } from "../../../src/core/json/partial-value.js";

/** All that is to be seen of a text that comes in these pieces. */
function seen(pieces: Iterable<string>): unknown[] {
  const view = new PartialValue();
  const values = [...pieces].map((piece) => view.add(piece));
  return [...values, view.end()].filter((value) => value !== undefined);
}

describe("The view of an object that is still coming", () => {
  it("shows it each time it grows, and only then", () => {
    assert.deepEqual(seen(['{"a', '": ', '"x', "", "y", '", "b"', ": 1", "2}", " \n"]), [
      {},
      { a: "x" },
      { a: "xy" },
      { a: "xy", b: 12 },
    ]);
  });

  it("shows what stands alone when the text ends", () => {
    assert.deepEqual(seen(["4", "2"]), [42]);
    assert.deepEqual(seen(["nul", "l"]), [null]);
  });

  it("takes no notice of a fence around it, however it is cut", () => {
    for (const fence of ["```json\n", "```\n", " \n```JSON \r\n"]) {
      const text = `${fence}{"a": [1, 2]}\n\`\`\`\n`;
      for (const size of [1, 3, 100]) {
        const pieces = text.match(new RegExp(`[^]{1,${size}}`, "g"))!;
        assert.deepEqual(seen(pieces).at(-1), { a: [1, 2] }, JSON.stringify(pieces));
      }
    }
  });

  it("shows nothing of what is no JSON, and nothing more of what stops being it", () => {
    assert.deepEqual(seen(["Sure! ", '{"a": 1}']), []);
    assert.deepEqual(seen(["```python\n", '{"a": 1}']), []);
    assert.deepEqual(seen(['{"a": "x', '", oops', ': "y"}']), [{ a: "x" }]);
    assert.deepEqual(seen(['{"a": "x", oops', ': "y"}']), [{ a: "x" }]);
    assert.deepEqual(seen(['{"a": "x"', "} That is all.", ' {"b": 1}']), [{ a: "x" }]);
  });

  it("shows the last of it always, and what goes before as often as the text pays for it", () => {
    const numbers = Array.from({ length: 20_000 }, (_, at) => at % 10);
    const wide = seen(JSON.stringify(numbers)) as number[][];
    const copied = wide.reduce((sum, value) => sum + value.length, 0);
    assert.deepEqual(wide.at(-1), numbers);
    assert.ok(copied <= 33 * 2 * numbers.length, `${copied} elements copied`);
    assert.ok(wide.length > 100, `${wide.length} values`);
    const narrow = seen(JSON.stringify(Array(20).fill({ name: "Ada", age: 36 })));
    assert.ok(narrow.length > 20 * 5, "an answer as they are is shown at each growth");
  });
});

describe("A fence", () => {
  it("is taken off where it stands around the whole, and nowhere else", () => {
    for (const [text, within] of [
      ['```json\n{"a":1}\n```', '{"a":1}'],
      ["  ```\n1\n``` \n", "1"],
      ["```JSON \n1```", "1"],
      ['{"a":1}', '{"a":1}'],
      ["```python\n1\n```", "```python\n1\n```"],
      ["```json\n1", "```json\n1"],
      ["```json 1```", "```json 1```"],
      ["Here: ```json\n1\n```", "Here: ```json\n1\n```"],
    ] as const) {
      assert.equal(stripFence(text).trim(), within.trim());
    }
  });

  it("is taken off in the same way while the text is coming", () => {
    const piece = fc.constantFrom("`", "``", "```", "json", "\n", " ", "\r\n", "{", "x", "J", "`".repeat(70));
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const text = pieces.join("");
        const fence = new OpeningFence();
        const within = pieces.map((part) => fence.strip(part)).join("");
        const whole = new OpeningFence().strip(text);
        assert.equal(within.trim(), whole.trim());
        if (text.trim() !== "" && !text.trimStart().startsWith("`")) assert.equal(whole, text.trimStart());
      }),
    );
  });

  it("costs no more than its text does, however many spaces and fences there are", () => {
    // With a pattern that tries each line break against each end, this would take minutes.
    const hostile = `\`\`\`json${"\n".repeat(200_000)}${"``` ".repeat(200_000)}x`;
    assert.equal(stripFence(hostile), hostile);
    const fence = new OpeningFence();
    for (let spaces = 0; spaces < 100_000; spaces++) assert.equal(fence.strip(" "), "");
    assert.equal(fence.strip("{"), "{");
  });
});
