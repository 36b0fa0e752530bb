import assert from "node:assert/strict";
import fc from "fast-check";
import { findPlaces } from "../../../src/dialects/template/json-places.js";
import { anyJson, anyJsonStyle, anyText, writeOddJson } from "../../support/inputs/arbitraries.js";

/** Lists the values in a value by their JSON pointers. */
function listValues(value: unknown, pointer = ""): [string, unknown][] {
  if (typeof value !== "object" || value === null) return [[pointer, value]];
  const members = Object.entries(value).flatMap(([key, member]) =>
    listValues(member, `${pointer}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`),
  );
  return [...members, [pointer, value]];
}

describe("Places of the values in a record", () => {
  it("finds each value of any JSON where it is, with its quotes around it", () => {
    const anyValue = fc.oneof(anyJson, fc.dictionary(anyText, anyJson), anyText, fc.double({ noNaN: true }));
    fc.assert(
      fc.property(anyValue, anyJsonStyle, (value, style) => {
        const data = writeOddJson(value, style);
        const places = findPlaces(data);
        assert.ok(places, data);
        const expected = new Map(listValues(JSON.parse(data)));
        assert.deepEqual([...places.keys()].sort(), [...expected.keys()].sort());
        for (const [pointer, { start, end, kind }] of places) {
          const source = kind === "string" ? data.slice(start - 1, end + 1) : data.slice(start, end);
          assert.deepEqual(JSON.parse(source), expected.get(pointer), `${pointer} of ${data}`);
        }
      }),
      { numRuns: 500 },
    );
  });

  it("tells a key with a slash from a nested one", () => {
    const places = findPlaces('{"a/b":1,"a":{"b":2},"a~1b":3,"\\u0061c":4}');
    assert.deepEqual([...places!.keys()].sort(), ["", "/a", "/a/b", "/ac", "/a~01b", "/a~1b"]);
  });

  it("finds nothing in JSON with a key that comes twice, also in an escaped form", () => {
    for (const data of ['{"a":1,"a":2}', '{"a":1,"\\u0061":2}', '[{"b":{"c":1,"c":1}}]'])
      assert.equal(findPlaces(data), undefined, data);
  });

  it("finds nothing in a text that is not JSON", () => {
    for (const data of ["", "{", '{"a":}', '{"a":NaN}', "[1,]", "{} {}", '{"a" 1}', '"a', "[01]", "\ufeff{}"])
      assert.equal(findPlaces(data), undefined, data);
  });
});
