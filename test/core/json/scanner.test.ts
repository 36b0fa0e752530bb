import assert from "node:assert/strict";
import fc from "fast-check";
import { PartialJson } from "../../../src/core/json/partial-json.js";
import { findJsonFaultPosition, type JsonFault, JsonScanner } from "../../../src/core/json/scanner.js";
import { anyCuts, cutText } from "../../support/inputs/cutting.js";

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Texts that resemble JSON: JSON with one change, or a mix of the characters of its grammar. */
const anyNearJson = fc.oneof(
  fc.string({ unit: fc.constantFrom(...'{}[],:" \\\n0123-+.eEtrufalsn\u0001é/b'), maxLength: 30 }),
  fc
    .tuple(fc.json(), fc.nat(), fc.constantFrom("", "x", ",", "}", '"', "0", "\\"))
    .map(
      ([text, at, put]) =>
        text.slice(0, at % (text.length + 1)) + put + text.slice((at % (text.length + 1)) + 1),
    ),
  fc.json(),
);

function findFault(...pieces: string[]): JsonFault | undefined {
  const scanner = new JsonScanner();
  for (const piece of pieces) scanner.add(piece);
  scanner.end();
  return scanner.fault;
}

describe("JSON scanner", () => {
  it("reports the kind and the position of the first fault", () => {
    for (const [text, kind, position] of [
      ["", "incomplete", 0],
      [" \n", "incomplete", 2],
      ['{"a": "x', "incomplete", 8],
      ['{"a": "\\u00', "incomplete", 11],
      ['{"a": 1, ', "incomplete", 9],
      ["[1, 2", "incomplete", 5],
      ['{"a": Paris}', "syntax", 6],
      ['{"a": tru', "syntax", 6],
      ["[1, 02]", "syntax", 4],
      ['["a\nb"]', "syntax", 3],
      ['["a\\xb"]', "syntax", 4],
      ['["\\u12g4"]', "syntax", 6],
      ["[1,]", "syntax", 3],
      ['{"a" 1}', "syntax", 5],
      ["{} x, y", "syntax", 3],
    ] as const) {
      assert.deepEqual(findFault(text), { kind, position }, text);
    }
  });

  it("reports the same fault wherever the text is cut", () => {
    fc.assert(
      fc.property(anyNearJson, anyCuts, (text, cuts) => {
        assert.deepEqual(findFault(...cutText(text, cuts)), findFault(text));
        assert.equal(findJsonFaultPosition(text), findFault(text)?.position);
      }),
      { numRuns: 1000 },
    );
  });

  it("reports JSON that the receiver refuses: too deep, or with a key that leads to a prototype", () => {
    for (const [text, kind, position] of [
      ['[[{"a": [', "depth", 8],
      ['{"a": {"__proto__": 1', "forbidden key", 7],
      ['{"constructor": {"prototype": 1', "forbidden key", 17],
    ] as const) {
      const json = new PartialJson(3);
      json.add(text);
      assert.deepEqual(json.fault, { kind, position }, text);
    }
  });
});

describe("JSON fault position", () => {
  it("is undefined exactly if JSON.parse accepts the text, and inside the text otherwise", () => {
    fc.assert(
      fc.property(anyNearJson, (text) => {
        const at = findJsonFaultPosition(text);
        assert.equal(at === undefined, isJson(text), JSON.stringify(text));
        if (at !== undefined) assert.ok(at >= 0 && at <= text.length);
      }),
      { numRuns: 2000 },
    );
  });

  it("is the end of a text that breaks off, and the first character after a complete value", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.integer(), { minKeys: 1, maxKeys: 3 }), (value) => {
        const text = JSON.stringify(value);
        assert.equal(findJsonFaultPosition(text.slice(0, -1)), text.length - 1);
        assert.equal(findJsonFaultPosition(`${text} !`), text.length + 1);
      }),
    );
  });

  it("is found in a text of two million characters", () => {
    const text = `{"a":"${"\\u00e9x".repeat(300_000)}","b":[${"1,".repeat(100_000)}2]}`;
    assert.equal(findJsonFaultPosition(text), undefined);
    assert.equal(findJsonFaultPosition(text.slice(0, -1)), text.length - 1);
  });
});
