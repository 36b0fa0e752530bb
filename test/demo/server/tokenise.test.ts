import assert from "node:assert/strict";
import fc from "fast-check";
import { countTokens, pieces } from "../../../src/demo/server/tokenise.js";
import { isWellFormed } from "../client.js";

describe("demo tokeniser", () => {
  it("joins back to the text, whatever the text is, lone surrogates included", () => {
    const codePoints = fc.array(
      fc.oneof(fc.nat(0x10ffff), fc.nat(0x2ff), fc.integer({ min: 0xd700, max: 0xe100 })),
    );
    fc.assert(
      fc.property(codePoints, (points) => {
        const text = String.fromCodePoint(...points);
        assert.equal(pieces(text).join(""), text);
      }),
      { numRuns: 500 },
    );
  });

  it("never cuts a surrogate pair", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 200 }), (text) => {
        for (const piece of pieces(text)) assert.ok(isWellFormed(piece), JSON.stringify(piece));
      }),
    );
  });

  it("gives a word its leading space and punctuation a piece of its own", () => {
    assert.deepEqual(pieces("Hello, big world!"), ["Hello", ",", " big", " world", "!"]);
  });

  it("cuts long words, and scripts without spaces into one or two characters", () => {
    assert.deepEqual(pieces("internationally"), ["internationa", "lly"]);
    assert.deepEqual(pieces("你好世界。"), ["你好", "世界", "。"]);
  });

  it("counts megabytes by a sample, close to the true count and at once", () => {
    const text = "one two three. ".repeat(100_000);
    const started = performance.now();
    const count = countTokens(text);
    assert.ok(performance.now() - started < 1_000);
    assert.ok(Math.abs(count / 400_000 - 1) < 0.05, String(count));
  });
});
