import assert from "node:assert/strict";
import fc from "fast-check";
import {
  isObject,
  isWithinDepth,
  parseJson,
  stringifyWithinDepth,
  tryParseJson,
} from "../../../src/core/json/parse.js";

describe("JSON from a remote", () => {
  it("is what JSON.parse makes of it", () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        if (!text.includes("__proto__")) assert.deepEqual(parseJson(text), JSON.parse(text));
      }),
    );
  });

  it("that is none is refused without being quoted", () => {
    for (const text of ["", "{", "sk-secret", "{'a':1}", "NaN", "[1,]"]) {
      assert.throws(
        () => parseJson(text),
        (thrown) => thrown instanceof SyntaxError && thrown.message === "not JSON",
      );
      assert.equal(tryParseJson(text), undefined);
    }
  });

  it("with a key that leads to a prototype is refused, however it is written", () => {
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

  it("may speak of prototypes", () => {
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

  it("is looked at in vain for prototypes without overflowing", () => {
    const deep = `${"[".repeat(50_000)}{"constructor":1}${"]".repeat(50_000)}`;
    assert.ok(Array.isArray(parseJson(deep)));
  });
});

describe("Depth", () => {
  const nest = (depth: number) => JSON.parse(`${"[".repeat(depth)}${"]".repeat(depth)}`);

  it("counts objects and arrays, and stops at the limit", () => {
    assert.equal(isWithinDepth(1, 0), true);
    assert.equal(isWithinDepth({}, 0), false);
    assert.equal(isWithinDepth({ a: [{ b: null }] }, 3), true);
    assert.equal(isWithinDepth({ a: [{ b: null }] }, 2), false);
    assert.equal(isWithinDepth(nest(64), 64), true);
    assert.equal(isWithinDepth(nest(100_000), 64), false);
  });

  it("that is too great for JSON.stringify is not written out", () => {
    assert.equal(stringifyWithinDepth({ a: 1 }), '{"a":1}');
    assert.equal(stringifyWithinDepth(undefined), "");
    assert.equal(stringifyWithinDepth(nest(100_000)), "…");
  });
});

describe("An object", () => {
  it("is neither null nor an array nor anything else", () => {
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
