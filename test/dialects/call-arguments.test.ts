import assert from "node:assert/strict";
import fc from "fast-check";
import { CallArguments } from "../../src/dialects/call-arguments.js";
import { anyText } from "../support/inputs/arbitraries.js";
import { anyCuts, cutText } from "../support/inputs/cutting.js";

/** Reads pieces. @returns the arguments as they came out */
function readPieces(pieces: readonly string[]): string {
  const args = new CallArguments();
  return pieces.map((piece) => args.add(piece)).join("") + args.flush();
}

const REAL = '{"stock":"XY"}';
const LONG = JSON.stringify({ text: "x".repeat(40_000), more: { list: [1, {}] } });

const anyArguments: fc.Arbitrary<string> = fc
  .dictionary(
    fc.constantFrom("a", "b", "{", "}", '"a":'),
    fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: "small" },
        anyText,
        fc.integer(),
        fc.array(tie("value"), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom("a", "b"), tie("value"), { maxKeys: 2 }),
      ),
    })).value,
    { minKeys: 1 },
  )
  .map((value) => JSON.stringify(value));

/** Ways in which services send arguments. Each gets the whole text and its fragments. */
const HABITS: Readonly<Record<string, (whole: string, fragments: readonly string[]) => readonly string[]>> = {
  "in fragments": (_whole, fragments) => fragments,
  "in fragments after a placeholder": (_whole, fragments) => ["{}", ...fragments],
  "in fragments after a placeholder with spaces": (_whole, fragments) => ["", "{ }", ...fragments],
  "in fragments after the word null": (_whole, fragments) => ["null", ...fragments],
  "in fragments after an empty text as JSON": (_whole, fragments) => ['""', ...fragments],
  "in fragments after an empty list": (_whole, fragments) => ["[]", ...fragments],
  "in fragments after an empty object as a text": (_whole, fragments) => ['"{}"', ...fragments],
  "in fragments after words for nothing": (_whole, fragments) => ["None", "null", "undefined", ...fragments],
  "whole after a placeholder that came twice": (whole) => ["{}", "{}", whole],
  "in fragments, and whole at the end": (whole, fragments) => [...fragments, whole],
  "in fragments, and with other white space at the end": (whole, fragments) => [
    ...fragments,
    JSON.stringify(JSON.parse(whole), null, 1),
  ],
  "in fragments, and in fragments again": (_whole, fragments) => [...fragments, ...fragments],
  "in fragments, and whole twice more": (whole, fragments) => [...fragments, whole, whole],
  "in fragments after a placeholder, and whole at the end": (whole, fragments) => ["{}", ...fragments, whole],
  "in fragments, and a placeholder at the end": (_whole, fragments) => [...fragments, "{}"],
};

describe("Arguments of a tool call in pieces", () => {
  for (const [name, habit] of Object.entries(HABITS)) {
    it(`are read once if they come ${name}`, () => {
      fc.assert(
        fc.property(anyArguments, anyCuts, (whole, cuts) => {
          assert.equal(readPieces(habit(whole, cutText(whole, cuts))), whole);
        }),
        { numRuns: 200 },
      );
      assert.equal(readPieces(habit(LONG, cutText(LONG, [0.2, 0.9]))).length, LONG.length, "long arguments");
    });
  }

  it("are read once if each piece has all that came before", () => {
    fc.assert(
      fc.property(anyArguments, anyCuts, (whole, cuts) => {
        const fragments = cutText(whole, cuts);
        const snapshots = fragments.map((_fragment, at) => fragments.slice(0, at + 1).join(""));
        assert.equal(readPieces(snapshots), whole);
        assert.equal(readPieces(["{}", ...snapshots, whole]), whole);
      }),
      { numRuns: 500 },
    );
    const lengths = [10, 20_000, 30_000, LONG.length, LONG.length];
    assert.equal(readPieces(lengths.map((length) => LONG.slice(0, length))), LONG);
  });

  it("are read as fragments if a member repeats the beginning of the arguments", () => {
    for (const pieces of [
      ['{"a":', '{"a":', "1}}"],
      ['{"a":', '{"a":1', "}}"],
      ['{"a":', '{"a":1}', "}"],
      ['{"a":[', '{"a":[', "]}]}"],
      ['{"a":', '{"b":1}}'],
      ["{", '"a":{', "}}"],
      ['{"a":"{', '{"a', '"}'],
    ]) {
      assert.equal(readPieces(pieces), pieces.join(""));
    }
  });

  it("are read as a snapshot if the last piece alone completes them", () => {
    assert.equal(readPieces(['{"stock":', REAL]), REAL);
    assert.equal(readPieces(['{"stock":', '{"stock":', REAL]), REAL);
    assert.equal(readPieces(["{", "{", REAL]), REAL);
    assert.equal(readPieces(['{"stock":"X', '{"stock":"X', REAL]), REAL);
  });

  it("are passed on at once, unless they can be read in two ways", () => {
    const args = new CallArguments();
    const fragments = ["{", '"stock', '":', '{"a":', "{}", "}"];
    assert.deepEqual(
      fragments.map((fragment) => args.add(fragment)),
      fragments,
    );
  });

  it("are read as fragments if a piece is too long to be held back", () => {
    const long = `{"a":{"b":"${"x".repeat(64 * 1024)}`;
    const args = new CallArguments();
    args.add('{"a":');
    assert.equal(args.add(long), long);
    const short = new CallArguments();
    short.add('{"a":');
    assert.equal(short.add('{"a":{"b":"x'), "");
  });

  it("are none if only a placeholder comes, and the placeholder with what no object can follow", () => {
    for (const placeholder of ["{}", " { } ", "null", '""']) assert.equal(readPieces([placeholder]), "");
    assert.equal(readPieces(["{}", " \n"]), "{} \n");
    assert.equal(readPieces(["null", "able"]), "nullable");
  });

  it("stay as they are if something other than a repetition follows", () => {
    for (const [first, second] of [
      [REAL, '{"stock":"Z"}'],
      [REAL, "}"],
      [REAL, "1"],
      [REAL, "{x"],
      ["not JSON", "not JSON"],
      ['{"a":1', '{"a":1'],
    ] as const) {
      assert.equal(readPieces([first, second]), first + second);
    }
    assert.equal(readPieces([REAL, '{"sto']), REAL, "a repetition that breaks off");
    assert.equal(readPieces([REAL, '{"a']), `${REAL}{"a`, "another object that breaks off");
  });

  it("take time in proportion to their length, whatever comes", () => {
    for (const piece of ['{"a":', "{", "}", "{}", '{"a":{}', " {}"]) {
      const args = new CallArguments();
      for (let at = 0; at < 100_000; at++) args.add(piece);
      args.flush();
    }
    const after = new CallArguments();
    after.add(LONG.slice(0, 16_000));
    for (let at = 0; at < 50_000; at++) after.add("{}");
  });
});
