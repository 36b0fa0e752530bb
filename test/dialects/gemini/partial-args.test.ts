import assert from "node:assert/strict";
import fc from "fast-check";
import { Failure } from "../../../src/core/failure.js";
import { PartialArgs } from "../../../src/dialects/gemini/partial-args.js";
import { anyPieceLengths, inPieces } from "../../support/inputs/any-dialect.js";

/** Arguments as pieces can tell them: nothing empty but texts. */
const anyArguments: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.constantFrom<unknown[]>(null, true, false, 0, -1.5, "", "x"),
    fc.string({ unit: "grapheme" }),
    fc.array(tie("value"), { minLength: 1, maxLength: 3 }),
    tie("object"),
  ),
  object: fc.dictionary(
    fc.constantFrom("city", "größe", "a b", 'say "hi"', "x.y", "constructor", "toString", "it's"),
    tie("value"),
    { minKeys: 1, maxKeys: 3, noNullPrototype: true },
  ),
})).object;

/** A value as the service sends it: each leaf with its place, texts in pieces. */
function piecesOf(value: unknown, path: string, lengths: readonly number[]): object[] {
  if (typeof value === "string") {
    const pieces = value === "" ? [""] : inPieces(value, lengths);
    return pieces.map((stringValue, at) => ({
      jsonPath: path,
      stringValue,
      willContinue: at < pieces.length - 1,
    }));
  }
  if (typeof value === "number") return [{ jsonPath: path, numberValue: value }];
  if (typeof value === "boolean") return [{ jsonPath: path, boolValue: value }];
  if (value === null) return [{ jsonPath: path, nullValue: "NULL_VALUE" }];
  if (Array.isArray(value)) return value.flatMap((item, at) => piecesOf(item, `${path}[${at}]`, lengths));
  return Object.entries(value as object).flatMap(([name, member]) =>
    piecesOf(member, path + step(name), lengths),
  );
}

function step(name: string): string {
  if (/^\w+$/.test(name)) return `.${name}`;
  return name.includes("'") ? `["${name}"]` : `['${name}']`;
}

describe("Arguments that come in pieces with their places", () => {
  it("are put together as they were, however they are cut", () => {
    fc.assert(
      fc.property(
        anyArguments,
        anyPieceLengths,
        fc.integer({ min: 1, max: 5 }),
        (value, lengths, portion) => {
          const args = new PartialArgs();
          const pieces = piecesOf(value, "$", lengths);
          for (let at = 0; at < pieces.length; at += portion) args.add(pieces.slice(at, at + portion));
          assert.deepEqual(JSON.parse(args.toString()), value);
        },
      ),
      { numRuns: 500 },
    );
  });

  it("are none where nothing came", () => {
    const args = new PartialArgs();
    for (const odd of [undefined, 7, [], [7, {}, { jsonPath: "$.a" }]]) args.add(odd);
    assert.equal(args.toString(), "{}");
  });

  it("end where they grow too long", () => {
    const args = new PartialArgs();
    const long = "x".repeat(1024 * 1024);
    const grow = () => args.add([{ jsonPath: "$.a", stringValue: long }]);
    for (let megabytes = 1; megabytes < 16; megabytes++) grow();
    assert.throws(grow, (thrown) => thrown instanceof Failure && thrown.code === "limit");
  });
});
