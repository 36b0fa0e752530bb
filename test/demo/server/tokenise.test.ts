import assert from "node:assert/strict";
import fc from "fast-check";
import { countTokens, splitTokens } from "../../../src/demo/server/tokenise.js";
import { assertCheap } from "../../support/speed.js";
import { isWellFormed } from "../client.js";

describe("The demo server's tokens", () => {
  it("join to the text again, even with lone surrogates", () => {
    const codePoints = fc.array(
      fc.oneof(fc.nat(0x10ffff), fc.nat(0x2ff), fc.integer({ min: 0xd700, max: 0xe100 })),
    );
    fc.assert(
      fc.property(codePoints, (points) => {
        const text = String.fromCodePoint(...points);
        assert.equal(splitTokens(text).join(""), text);
      }),
      { numRuns: 500 },
    );
  });

  it("never split a surrogate pair", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 200 }), (text) => {
        for (const token of splitTokens(text)) assert.ok(isWellFormed(token), JSON.stringify(token));
      }),
    );
  });

  it("are words with the blank before them, and punctuation", () => {
    assert.deepEqual(splitTokens("Hello, big world!"), ["Hello", ",", " big", " world", "!"]);
  });

  it("are parts of long words, and one or two characters of scripts without spaces", () => {
    assert.deepEqual(splitTokens("internationally"), ["internationa", "lly"]);
    assert.deepEqual(splitTokens("你好世界。"), ["你好", "世界", "。"]);
  });

  it("are counted by a sample in megabytes of text, quickly and within 5 percent", () => {
    const text = "one two three. ".repeat(100_000);
    const count = assertCheap(() => countTokens(text));
    assert.ok(Math.abs(count / 400_000 - 1) < 0.05, String(count));
  });
});
