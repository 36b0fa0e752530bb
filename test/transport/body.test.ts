import assert from "node:assert/strict";
import fc from "fast-check";
import { Failure } from "../../src/core/failure.js";
import { DEFAULT_LIMITS } from "../../src/core/limits.js";
import { type BodyListener, createBodyReader } from "../../src/transport/body.js";
import type { Framing } from "../../src/transport/framing.js";
import { JsonArrayReader } from "../../src/transport/json-array.js";
import { NdjsonReader } from "../../src/transport/ndjson.js";
import type { RecordReader } from "../../src/transport/record-reader.js";
import { anyCuts, anyJson, cutText, oddJson } from "../support/inputs/arbitraries.js";

type Heard = [string, boolean] | { body: string };

/** What a body becomes; `ends` is false where the connection stays open. */
function heard(
  make: (listener: BodyListener) => RecordReader,
  pieces: readonly string[],
  ends = true,
): Heard[] {
  const all: Heard[] = [];
  const reader = make({
    onRecord: (data, _event, last) => all.push([data, last]),
    onBody: (body) => all.push({ body }),
  });
  for (const piece of pieces) reader.feed(piece);
  if (ends) reader.end();
  return all;
}

const lines = (pieces: readonly string[], ends = true) =>
  heard((listener) => new NdjsonReader(listener, 1000), pieces, ends);
const array = (pieces: readonly string[], ends = true) =>
  heard((listener) => new JsonArrayReader(listener, 1000), pieces, ends);

/** As an exchange does it: the reader is chosen at the first piece that is not empty. */
function body(framing: Framing, pieces: readonly string[], whole = false): Heard[] {
  let reader: RecordReader | undefined;
  return heard(
    (listener) => ({
      feed: (text) => {
        if (text !== "") reader ??= createBodyReader(framing, text, listener, DEFAULT_LIMITS, whole);
        reader?.feed(text);
      },
      end: () => reader?.end(),
    }),
    pieces,
  );
}

/** A text cut at each of its places, and into single characters. */
const everyCut = (text: string) => [
  [...text],
  ...Array.from({ length: text.length + 1 }, (_, at) => [text.slice(0, at), text.slice(at)]),
];
const limit = (thrown: unknown) => thrown instanceof Failure && thrown.code === "limit";
const whole = (...records: string[]): Heard[] => records.map((record) => [record, false]);

describe("A reader of lines", () => {
  it("delivers each line as soon as its end is there, wherever the text is cut", () => {
    const text = '\uFEFF{"a":1}\r\n\n  \n{"b":"é🙂\\n"}\n7\n';
    for (const pieces of everyCut(text))
      assert.deepEqual(lines(pieces, false), whole('{"a":1}', '{"b":"é🙂\\n"}', "7"));
  });

  it("delivers what no line end closes as the last", () => {
    assert.deepEqual(lines(['{"a":1}\n{"b', '":2}']), [...whole('{"a":1}'), ['{"b":2}', true]]);
    assert.deepEqual(lines(["  "]), []);
  });

  it("refuses a line that grows too long, whether it ends or not", () => {
    assert.throws(() => lines(["x".repeat(600), "x".repeat(600)], false), limit);
    assert.throws(() => lines([`${"x".repeat(1200)}\n`], false), limit);
    assert.doesNotThrow(() => lines([`${"x".repeat(999)}\n${"x".repeat(999)}\n`]));
  });
});

describe("A reader of a growing array", () => {
  it("delivers each element at its last bracket, wherever the text is cut", () => {
    const text = '\n[{\n  "a": "]},{[\\"\\\\",\n  "b": [1, {}]\n}\n,\r\n{"c":"é🙂"},[2] , 7,"x,y"\n]\n';
    const elements = ['{\n  "a": "]},{[\\"\\\\",\n  "b": [1, {}]\n}', '{"c":"é🙂"}', "[2]", "7", '"x,y"'];
    for (const pieces of everyCut(text)) assert.deepEqual(array(pieces, false), whole(...elements));
  });

  it("reads any array as what JSON.parse makes of it", () => {
    fc.assert(
      fc.property(
        fc.array(anyJson),
        fc.array(fc.nat(11), { minLength: 1 }),
        anyCuts,
        (values, style, cuts) => {
          const read = heard(
            (listener) => new JsonArrayReader(listener, 1_000_000),
            cutText(oddJson(values, style), cuts),
          );
          assert.deepEqual(
            read.map((one) => JSON.parse((one as [string, boolean])[0])),
            JSON.parse(JSON.stringify(values)),
          );
        },
      ),
    );
  });

  it("delivers what is cut off as the last, and nothing for what is only not closed", () => {
    assert.deepEqual(array(['[{"a":1},{"b":"']), [...whole('{"a":1}'), ['{"b":"', true]]);
    assert.deepEqual(array(['[{"a":1},\n']), whole('{"a":1}'));
    assert.deepEqual(array(["[", "]"]), []);
  });

  it("delivers what comes behind the array too: it may be an error", () => {
    assert.deepEqual(array(['[{"a":1}]\n{"error":"x"}']), whole('{"a":1}', '{"error":"x"}'));
  });

  it("refuses an element that grows too long, whether it ends or not", () => {
    assert.throws(() => array([`[{"a":"${"x".repeat(600)}`, "x".repeat(600)], false), limit);
    assert.throws(() => array([`["${"x".repeat(1200)}"`, "]"], false), limit);
    assert.throws(() => array([`["${"x".repeat(1200)}"]`], false), limit);
  });
});

describe("A body whose beginning tells what it is", () => {
  const FRAMINGS: readonly Framing[] = ["sse", "ndjson", "json", "sniff"];
  const ROWS: readonly (readonly [string, string, readonly Framing[], Heard[]])[] = [
    [
      "an array, whatever it is called",
      ' [\n{"a":1},{"b":2}]',
      ["ndjson", "json", "sniff"],
      whole('{"a":1}', '{"b":2}'),
    ],
    ["lines, whatever they are called", '{"a":1}\n{"b":2}\n', FRAMINGS, whole('{"a":1}', '{"b":2}')],
    ["one object on one line", '{"a":1}\n', ["sse", "json", "sniff"], [{ body: '{"a":1}\n' }]],
    ["one object on many lines", '{\n"a":\n{"b":1}}', ["json", "sniff"], [{ body: '{\n"a":\n{"b":1}}' }]],
    ["one line, where lines were promised", '{"a":1}\n', ["ndjson"], whole('{"a":1}')],
    ["events, whatever they are called", 'data: {"a":1}\n\n', FRAMINGS, whole('{"a":1}')],
    ["events behind a name", 'event: x\ndata: {"a":1}\n\n', FRAMINGS, whole('{"a":1}')],
    ["events behind a comment", ': hi\n\ndata: {"a":1}\n\n', FRAMINGS, whole('{"a":1}')],
    ["events behind something odd", '{"x":1}\ndata: {"a":1}\n\n', ["sse"], whole('{"a":1}')],
    [
      "events, though lines stand behind a blank one",
      '\n{"a":1}\n{"b":2}\n',
      ["sse"],
      [['{"a":1}\n{"b":2}\n', true]],
    ],
    ["no JSON at all", "Oops", ["json"], [{ body: "Oops" }]],
    ["what begins like events and is none", "even", ["json"], [{ body: "even" }]],
  ];
  for (const [what, text, framings, expected] of ROWS) {
    it(`is ${what}, wherever it is cut`, () => {
      for (const framing of framings)
        for (const pieces of everyCut(text)) assert.deepEqual(body(framing, pieces), expected, framing);
    });
  }

  it("is one piece where one piece is wanted, be it a list", () => {
    for (const text of ['["a","b"]', '{"a":1}\n{"b":2}'])
      for (const framing of ["json", "sniff"] as const)
        assert.deepEqual(body(framing, [text], true), [{ body: text }]);
  });

  it("is refused when it grows too long, as a record or as a whole", () => {
    const long = "x".repeat(DEFAULT_LIMITS.completion);
    for (const start of ['{"a":"', '{\n"a":"', "no"])
      assert.throws(() => body("json", [start, long]), limit, start);
    assert.throws(() => body("json", ['[{"a":"', "x".repeat(DEFAULT_LIMITS.record)]), limit);
  });
});
