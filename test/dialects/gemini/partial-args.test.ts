import assert from "node:assert/strict";
import fc from "fast-check";
import { Failure } from "../../../src/core/failure.js";
import { PartialArgs } from "../../../src/dialects/gemini/partial-args.js";
import { anyPieceLengths, cutByLengths } from "../../support/inputs/cutting.js";

/** Arguments that pieces can describe: no empty object or list. */
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

/** Cuts a value into pieces, as the service does: each leaf has its path, and a text has several pieces. */
function cutIntoPieces(value: unknown, path: string, lengths: readonly number[]): object[] {
  if (typeof value === "string") {
    const pieces = value === "" ? [""] : cutByLengths(value, lengths);
    return pieces.map((stringValue, at) => ({
      jsonPath: path,
      stringValue,
      willContinue: at < pieces.length - 1,
    }));
  }
  if (typeof value === "number") return [{ jsonPath: path, numberValue: value }];
  if (typeof value === "boolean") return [{ jsonPath: path, boolValue: value }];
  if (value === null) return [{ jsonPath: path, nullValue: "NULL_VALUE" }];
  if (Array.isArray(value))
    return value.flatMap((item, at) => cutIntoPieces(item, `${path}[${at}]`, lengths));
  return Object.entries(value as object).flatMap(([name, member]) =>
    cutIntoPieces(member, path + formatStep(name), lengths),
  );
}

function formatStep(name: string): string {
  if (/^\w+$/.test(name)) return `.${name}`;
  return name.includes("'") ? `["${name}"]` : `['${name}']`;
}

describe("Partial arguments of Gemini", () => {
  it("assembles partial arguments to the original value, however they are cut", () => {
    fc.assert(
      fc.property(
        anyArguments,
        anyPieceLengths,
        fc.integer({ min: 1, max: 5 }),
        (value, lengths, portion) => {
          const args = new PartialArgs();
          const pieces = cutIntoPieces(value, "$", lengths);
          for (let at = 0; at < pieces.length; at += portion) args.add(pieces.slice(at, at + portion));
          assert.deepEqual(JSON.parse(args.toString()), value);
        },
      ),
      { numRuns: 500 },
    );
  });

  it("gives an empty object if no usable piece of the arguments arrives", () => {
    const args = new PartialArgs();
    for (const odd of [undefined, 7, [], [7, {}, { jsonPath: "$.a" }]]) args.add(odd);
    assert.equal(args.toString(), "{}");
  });

  it("fails with limit if partial arguments become too long", () => {
    const args = new PartialArgs();
    const long = "x".repeat(1024 * 1024);
    const grow = () => args.add([{ jsonPath: "$.a", stringValue: long }]);
    for (let megabytes = 1; megabytes < 16; megabytes++) grow();
    assert.throws(grow, (thrown) => thrown instanceof Failure && thrown.code === "limit");
  });
});
