import assert from "node:assert/strict";
import fc from "fast-check";
import {
  estimateSize,
  isObject,
  isWithinDepth,
  parseJson,
  stringifyWithinDepth,
  tryParseJson,
} from "../../../src/core/json/parse.js";
import { anyJson } from "../../support/inputs/arbitraries.js";

describe("JSON from a remote", () => {
  it("parses to the same value as with JSON.parse", () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        if (!text.includes("__proto__")) assert.deepEqual(parseJson(text), JSON.parse(text));
      }),
    );
  });

  it("skips a byte order mark in front", () => {
    assert.deepEqual(parseJson('\uFEFF{"a":1}'), { a: 1 });
    assert.equal(tryParseJson("\uFEFF\uFEFF1"), undefined);
  });

  it("refuses a text that is not JSON without quoting it", () => {
    for (const text of ["", "{", "sk-secret", "{'a':1}", "NaN", "[1,]"]) {
      assert.throws(
        () => parseJson(text),
        (thrown) => thrown instanceof SyntaxError && thrown.message === "not JSON",
      );
      assert.equal(tryParseJson(text), undefined);
    }
  });

  it("refuses a key that leads to a prototype, also with escapes", () => {
    for (const key of [
      "__proto__",
      "\\u005f_proto__",
      "_\\u005Fproto__",
      "__\\u0070\\u0072\\u006f\\u0074\\u006f__",
      "__proto_\\u005f",
    ]) {
      assert.equal(tryParseJson(`{"a":[{"${key}" : {"x":1}}]}`), undefined, key);
    }
    for (const key of ["constructor", "c\\u006fnstructor", "\\u0063onstructo\\u0072"]) {
      assert.equal(tryParseJson(`[{"b":{"${key}":{"prototype":{"x":1}}}}]`), undefined, key);
    }
  });

  it("accepts texts and names about prototypes", () => {
    for (const value of [
      { text: '"__proto__": not a key' },
      { text: "__proto__", b: 1 },
      { constructor: "Ford" },
      { constructor: { name: "Ford" }, prototype: true },
      { text: '{"constructor":{"prototype":1}}' },
      { a: ["constructor", "prototype"] },
    ]) {
      assert.deepEqual(parseJson(JSON.stringify(value)), value);
    }
  });

  it("searches deeply nested JSON for prototype keys without a stack overflow", () => {
    const deep = `${"[".repeat(50_000)}{"constructor":1}${"]".repeat(50_000)}`;
    assert.ok(Array.isArray(parseJson(deep)));
  });
});

describe("Depth of JSON", () => {
  const nest = (depth: number) => JSON.parse(`${"[".repeat(depth)}${"]".repeat(depth)}`);

  it("counts nested objects and arrays up to the limit", () => {
    assert.equal(isWithinDepth(1, 0), true);
    assert.equal(isWithinDepth({}, 0), false);
    assert.equal(isWithinDepth({ a: [{ b: null }] }, 3), true);
    assert.equal(isWithinDepth({ a: [{ b: null }] }, 2), false);
    assert.equal(isWithinDepth(nest(64), 64), true);
    assert.equal(isWithinDepth(nest(100_000), 64), false);
  });

  it("turns a value that nests too deeply for JSON.stringify into an ellipsis", () => {
    assert.equal(stringifyWithinDepth({ a: 1 }), '{"a":1}');
    assert.equal(stringifyWithinDepth(undefined), "");
    assert.equal(stringifyWithinDepth(nest(100_000)), "…");
  });
});

describe("Object test", () => {
  it("accepts objects, but not null, arrays and other values", () => {
    assert.deepEqual([{}, Object.create(null), null, [], "x", 1, undefined].map(isObject), [
      true,
      true,
      false,
      false,
      false,
      false,
      false,
    ]);
  });
});

describe("Estimated size of a value", () => {
  it("estimates at least the length of the texts in a value", () => {
    fc.assert(fc.property(anyJson, (value) => assert.ok(estimateSize(value) >= 1)));
    assert.ok(estimateSize({ a: ["x".repeat(50)] }) > 50);
  });
});
