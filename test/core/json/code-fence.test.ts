import assert from "node:assert/strict";
import fc from "fast-check";
import { OpeningFence, stripFence } from "../../../src/core/json/code-fence.js";

describe("Code block around JSON", () => {
  it("is removed if it surrounds the whole text, and nowhere else", () => {
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

  it("is removed in the same way from a text in pieces", () => {
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

  it("is searched for in linear time in a text full of line breaks and fences", () => {
    // A regular expression that tries each line break against each end would take minutes.
    const hostile = `\`\`\`json${"\n".repeat(200_000)}${"``` ".repeat(200_000)}x`;
    assert.equal(stripFence(hostile), hostile);
    const fence = new OpeningFence();
    for (let spaces = 0; spaces < 100_000; spaces++) assert.equal(fence.strip(" "), "");
    assert.equal(fence.strip("{"), "{");
  });
});
