import assert from "node:assert/strict";
import fc from "fast-check";
import { PartialJson } from "../../../src/core/json/partial-json.js";
import { findJsonFaultPosition, type JsonFault, JsonScanner } from "../../../src/core/json/scanner.js";
import { anyCuts, cutText } from "../../support/inputs/arbitraries.js";

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
    const anyNearJson = fc.string({ unit: fc.constantFrom(...'{}[]":,\\u01e-.tru \n'), maxLength: 20 });
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
