import assert from "node:assert/strict";
import fc from "fast-check";
import { tryParseLooseJson } from "../../../src/core/json/loose.js";
import { tryParseJson } from "../../../src/core/json/parse.js";

describe("Loose JSON", () => {
  it("reads NaN and Infinity as null, but only outside of strings", () => {
    for (const [text, value] of [
      ["NaN", null],
      ['{"a":-inf,"b":[nan,Inf],"c":undefined,"d":None}', { a: null, b: [null, null], c: null, d: null }],
      ['{"a":"None, undefined","b":None}', { a: "None, undefined", b: null }],
      ['{"a":NaN,"b":-Infinity,"c":[Infinity]}', { a: null, b: null, c: [null] }],
      ['{"NaN":"-Infinity","a":NaN}', { NaN: "-Infinity", a: null }],
      ['{"a":"\\"NaN\\\\","b":NaN}', { a: '"NaN\\', b: null }],
    ] as const) {
      assert.deepEqual(tryParseLooseJson(text), value, text);
    }
  });

  it("refuses everything else that is not JSON, and keys that lead to a prototype", () => {
    for (const text of [
      "",
      "NaN NaN",
      "{'a':NaN}",
      '{"a":NaN',
      '{"a":"NaN',
      "xNaN",
      '{"__proto__":NaN}',
      "undefined",
      "None",
      "{None:1}",
    ])
      assert.equal(tryParseLooseJson(text), undefined, text);
  });

  it("reads JSON as the strict reader does", () => {
    fc.assert(
      fc.property(fc.json(), (text) => assert.deepEqual(tryParseLooseJson(text), tryParseJson(text))),
    );
  });

  it("takes linear time on a text full of quotes and escapes", () => {
    for (const unit of ['\\"', '"', "\\", '"NaN'])
      assert.equal(tryParseLooseJson(`NaN${unit.repeat(300_000)}`), undefined);
  });
});
