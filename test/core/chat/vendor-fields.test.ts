import assert from "node:assert/strict";
import { DistinctList, LatestFields, mergeField } from "../../../src/core/chat/vendor-fields.js";
import { ENTRY_BYTES, estimateMemberBytes } from "../../../src/core/json/heap-size.js";

describe("Repeated vendor field", () => {
  it("replaces the earlier value, unless the new one is empty", () => {
    assert.equal(mergeField("a", "b"), "b");
    assert.equal(mergeField("a", ""), "");
    for (const empty of [null, undefined, [], {}]) assert.equal(mergeField("a", empty), "a");
    assert.deepEqual(mergeField([1], [2]), [2]);
    assert.deepEqual(mergeField(undefined, []), []);
    assert.deepEqual(mergeField(null, {}), {});
  });

  it("merges the members of two objects", () => {
    assert.deepEqual(mergeField({ a: 1, b: [2], c: null }, { a: 3, b: [], c: [], d: null }), {
      a: 3,
      b: [2],
      c: [],
    });
  });

  it("changes neither of the merged values", () => {
    const known = Object.freeze({ a: Object.freeze([1]) });
    mergeField(known, Object.freeze({ a: [2] }));
    assert.deepEqual(known, { a: [1] });
  });

  it("keeps a copy of a vendor field and counts its growth once", () => {
    const fields = new LatestFields();
    const value = { a: "12345" };
    const grown = fields.add("key", value);
    assert.equal(grown, estimateMemberBytes("key", { a: "12345" }) + ENTRY_BYTES);
    value.a = "changed";
    assert.deepEqual(fields.toObject(), { key: { a: "12345" } });
    assert.equal(fields.add("key", { a: "12345" }), 0);
    assert.equal(fields.add("key", { a: "123" }), 0);
    assert.equal(fields.add("none", null), 0);
    (fields.toObject()["key"] as { a: string }).a = "changed";
    assert.deepEqual(fields.toObject(), { key: { a: "123" } });
  });

  it("keeps vendor fields with the names of prototype properties", () => {
    const fields = new LatestFields();
    for (const name of ["__proto__", "constructor", "toString"]) fields.add(name, { x: 1 });
    assert.deepEqual(Object.keys(fields.toObject()), ["__proto__", "constructor", "toString"]);
    assert.equal(({} as { x?: number }).x, undefined);
  });
});

describe("Repeated or continued list", () => {
  it("keeps each entry of a list once, in order, and counts the new ones", () => {
    const list = new DistinctList();
    assert.ok(list.add([{ a: 1 }, "b"]) > 0);
    assert.equal(list.add([{ a: 1 }, "b"]), 0);
    list.add(["c", { a: 1 }]);
    assert.deepEqual(list.toArray(), [{ a: 1 }, "b", "c"]);
  });
});
