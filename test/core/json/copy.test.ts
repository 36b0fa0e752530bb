import assert from "node:assert/strict";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { copyJson } from "../../../src/core/json/copy.js";

/** Asserts that no object of a value is an object of its copy. */
function assertSharesNothing(value: unknown, copy: unknown): void {
  if (typeof value !== "object" || value === null) return;
  assert.notEqual(value, copy);
  for (const key of Object.keys(value)) {
    assertSharesNothing((value as Record<string, unknown>)[key], (copy as Record<string, unknown>)[key]);
  }
}

describe("Copy of JSON", () => {
  it("equals any JSON value and shares nothing with it", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const copy = copyJson(value);
        assert.deepEqual(copy, value);
        assert.equal(JSON.stringify(copy), JSON.stringify(value));
        assertSharesNothing(value, copy);
      }),
    );
  });

  it("keeps a member with the name of the prototype as a member", () => {
    const copy = copyJson(JSON.parse('{"a":{"__proto__":{"b":{"c":1}}}}')) as { a: { b?: unknown } };
    assert.equal(JSON.stringify(copy), '{"a":{"__proto__":{"b":{"c":1}}}}');
    assert.equal(copy.a.b, undefined);
  });

  it("copies as the engine does what is not plain JSON", () => {
    const circle: Record<string, unknown> = { name: "a" };
    circle["self"] = circle;
    const copy = copyJson(circle);
    assert.equal(copy["name"], "a");
    let deepest: unknown = copy;
    for (let at = 0; at < 200; at++) deepest = (deepest as Record<string, unknown>)["self"];
    assert.equal((deepest as Record<string, unknown>)["name"], "a");
    assert.notEqual(copy["self"], circle);

    const odd = {
      date: new Date(5),
      map: new Map([[1, { a: 2 }]]),
      none: undefined,
      bytes: new Uint8Array(2),
    };
    assert.deepEqual(copyJson(odd), odd);
    assertSharesNothing(odd, copyJson(odd));
    const foreign: unknown = runInNewContext("({ list: [{ a: 1 }] })");
    assert.deepEqual(copyJson({ foreign }), { foreign: { list: [{ a: 1 }] } });
    assert.throws(() => copyJson({ list: [() => {}] }), { name: "DataCloneError" });
  });

  it("copies values that nest far deeper than services send", () => {
    let deep: unknown = "x";
    for (let at = 0; at < 500; at++) deep = [deep];
    assert.equal(JSON.stringify(copyJson(deep)), JSON.stringify(deep));
  });
});
