import assert from "node:assert/strict";
import fc from "fast-check";
import { Failure } from "../../../src/core/failure.js";
import { DEFAULT_LIMITS } from "../../../src/core/limits.js";
import { type BodyListener, createBodyReader } from "../../../src/transport/records/body.js";
import type { Framing } from "../../../src/transport/records/framing.js";
import { JsonArrayReader } from "../../../src/transport/records/json-array.js";
import { NdjsonReader } from "../../../src/transport/records/ndjson.js";
import type { RecordReader } from "../../../src/transport/records/record-reader.js";
import { anyJson, writeOddJson } from "../../support/inputs/arbitraries.js";
import { anyCuts, cutText } from "../../support/inputs/cutting.js";

type Output = [string, boolean] | { body: string };

/** Reads a body. @param ends false if the connection stays open */
function readPieces(
  make: (listener: BodyListener) => RecordReader,
  pieces: readonly string[],
  ends = true,
): Output[] {
  const output: Output[] = [];
  const reader = make({
    onRecord: (data, _event, last) => output.push([data, last]),
    onBody: (body) => output.push({ body }),
  });
  for (const piece of pieces) reader.feed(piece);
  if (ends) reader.end();
  return output;
}

const readLines = (pieces: readonly string[], ends = true) =>
  readPieces((listener) => new NdjsonReader(listener, 1000), pieces, ends);
const readArray = (pieces: readonly string[], ends = true) =>
  readPieces((listener) => new JsonArrayReader(listener, 1000), pieces, ends);

/** Reads a body as an exchange does: it creates the reader at the first piece that is not empty. */
function readBody(framing: Framing, pieces: readonly string[], whole = false): Output[] {
  let reader: RecordReader | undefined;
  return readPieces(
    (listener) => ({
      feed: (text) => {
        if (text !== "") reader ??= createBodyReader(text, { framing, whole }, listener, DEFAULT_LIMITS);
        reader?.feed(text);
      },
      end: () => reader?.end(),
    }),
    pieces,
  );
}

/** Cuts a text at each of its places, and into single characters. */
const listCuts = (text: string) => [
  [...text],
  ...Array.from({ length: text.length + 1 }, (_, at) => [text.slice(0, at), text.slice(at)]),
];
const isLimit = (thrown: unknown) => thrown instanceof Failure && thrown.code === "limit";
const complete = (...records: string[]): Output[] => records.map((record) => [record, false]);

describe("NDJSON reader", () => {
  it("delivers each line as soon as its line feed comes, wherever the text is cut", () => {
    const text = '\uFEFF{"a":1}\r\n\n  \n{"b":"é🙂\\n"}\n7\n';
    for (const pieces of listCuts(text))
      assert.deepEqual(readLines(pieces, false), complete('{"a":1}', '{"b":"é🙂\\n"}', "7"));
  });

  it("delivers a line without a line feed at the end, marked as the last", () => {
    assert.deepEqual(readLines(['{"a":1}\n{"b', '":2}']), [...complete('{"a":1}'), ['{"b":2}', true]]);
    assert.deepEqual(readLines(["  "]), []);
  });

  it("throws a failure if a line grows too long, whether it ends or not", () => {
    assert.throws(() => readLines(["x".repeat(600), "x".repeat(600)], false), isLimit);
    assert.throws(() => readLines([`${"x".repeat(1200)}\n`], false), isLimit);
    assert.doesNotThrow(() => readLines([`${"x".repeat(999)}\n${"x".repeat(999)}\n`]));
  });
});

describe("JSON array reader", () => {
  it("delivers each element as soon as it ends, wherever the text is cut", () => {
    const text = '\n[{\n  "a": "]},{[\\"\\\\",\n  "b": [1, {}]\n}\n,\r\n{"c":"é🙂"},[2] , 7,"x,y"\n]\n';
    const elements = ['{\n  "a": "]},{[\\"\\\\",\n  "b": [1, {}]\n}', '{"c":"é🙂"}', "[2]", "7", '"x,y"'];
    for (const pieces of listCuts(text)) assert.deepEqual(readArray(pieces, false), complete(...elements));
  });

  it("reads the same elements as JSON.parse from any array", () => {
    fc.assert(
      fc.property(
        fc.array(anyJson),
        fc.array(fc.nat(11), { minLength: 1 }),
        anyCuts,
        (values, style, cuts) => {
          const read = readPieces(
            (listener) => new JsonArrayReader(listener, 1_000_000),
            cutText(writeOddJson(values, style), cuts),
          );
          assert.deepEqual(
            read.map((record) => JSON.parse((record as [string, boolean])[0])),
            JSON.parse(JSON.stringify(values)),
          );
        },
      ),
    );
  });

  it("delivers an element that is cut off, marked as the last, and nothing if only the array is not closed", () => {
    assert.deepEqual(readArray(['[{"a":1},{"b":"']), [...complete('{"a":1}'), ['{"b":"', true]]);
    assert.deepEqual(readArray(['[{"a":1},\n']), complete('{"a":1}'));
    assert.deepEqual(readArray(["[", "]"]), []);
  });

  it("delivers what follows the array, because it may be an error", () => {
    assert.deepEqual(readArray(['[{"a":1}]\n{"error":"x"}']), complete('{"a":1}', '{"error":"x"}'));
  });

  it("throws a failure if an element grows too long, whether it ends or not", () => {
    assert.throws(() => readArray([`[{"a":"${"x".repeat(600)}`, "x".repeat(600)], false), isLimit);
    assert.throws(() => readArray([`["${"x".repeat(1200)}"`, "]"], false), isLimit);
    assert.throws(() => readArray([`["${"x".repeat(1200)}"]`], false), isLimit);
  });
});

describe("Body reader", () => {
  const FRAMINGS: readonly Framing[] = ["sse", "ndjson", "json", "sniff", "doubtful"];
  const OBJECT_TYPES: readonly Framing[] = ["sse", "json", "sniff", "doubtful"];
  const ROWS: readonly (readonly [string, string, readonly Framing[], Output[]])[] = [
    ["an array, under any content type", ' [\n{"a":1},{"b":2}]', FRAMINGS, complete('{"a":1}', '{"b":2}')],
    ["lines, under any content type", '{"a":1}\n{"b":2}\n', FRAMINGS, complete('{"a":1}', '{"b":2}')],
    ["lines after a blank line", '\n{"a":1}\n{"b":2}\n', FRAMINGS, complete('{"a":1}', '{"b":2}')],
    ["one object on one line", '{"a":1}\n', OBJECT_TYPES, [{ body: '{"a":1}\n' }]],
    ["one object on many lines", '{\n"a":\n{"b":1}}', FRAMINGS, [{ body: '{\n"a":\n{"b":1}}' }]],
    ["one object after a byte order mark", '\uFEFF{"a":1}', OBJECT_TYPES, [{ body: '{"a":1}' }]],
    ["one line under a content type of lines", '{"a":1}\n', ["ndjson"], complete('{"a":1}')],
    ["events, under any content type", 'data: {"a":1}\n\n', FRAMINGS, complete('{"a":1}')],
    ["events that begin with a name", 'event: x\ndata: {"a":1}\n\n', FRAMINGS, complete('{"a":1}')],
    ["events that begin with a comment", ': hi\n\ndata: {"a":1}\n\n', FRAMINGS, complete('{"a":1}')],
    ["events after a byte order mark", '\uFEFFdata: {"a":1}\n\n', FRAMINGS, complete('{"a":1}')],
    ["events after blank lines", '\r\n\ndata: {"a":1}\n\n', FRAMINGS, complete('{"a":1}')],
    ["events after a line that is not JSON", '{{x}}\ndata: {"a":1}\n\n', ["sse"], complete('{"a":1}')],
    ["events after a broken object", '{"x: {\ndata: {"a":1}\n\n', OBJECT_TYPES, complete('{"a":1}')],
    ["a body that is not JSON", "Oops", ["json"], [{ body: "Oops" }]],
    ["a body that begins like an event stream and is none", "even", ["json"], [{ body: "even" }]],
  ];
  for (const [name, text, framings, expected] of ROWS) {
    it(`reads ${name}, wherever the text is cut`, () => {
      for (const framing of framings)
        for (const pieces of listCuts(text)) assert.deepEqual(readBody(framing, pieces), expected, framing);
    });
  }

  const AFTER: readonly (readonly [string, string, Output[]])[] = [
    ["an event", "\n\ndata: [DONE]\n\n", complete("[DONE]")],
    ["an event on the same line", "data: [DONE]\n\n", complete("[DONE]")],
    ["an event with Windows line ends", "\r\n\r\ndata: [DONE]\r\n\r\n", complete("[DONE]")],
    ["an event with a name", "\nevent: done\ndata: [DONE]\n\n", complete("[DONE]")],
    ["a comment and an event", "\n: ping\n\ndata: [DONE]\n\n", complete("[DONE]")],
    ["several events", '\n\ndata: {"b":2}\n\ndata: [DONE]\n\n', complete('{"b":2}', "[DONE]")],
    ["an event without its blank line", "\ndata: [DONE]", [["[DONE]", true]]],
  ];
  const OBJECTS: readonly (readonly [string, string])[] = [
    ["an object", '{"a":"}data: \\"{"}'],
    ["an object on many lines", '{\n  "a": [1,\n 2],\n  "b": {}\n}'],
  ];
  for (const [kind, object] of OBJECTS) {
    for (const [name, after, records] of AFTER) {
      it(`reads ${kind} and ${name} behind it, under any content type`, () => {
        for (const framing of FRAMINGS)
          for (const pieces of listCuts(object + after))
            assert.deepEqual(readBody(framing, pieces), [...complete(object), ...records], framing);
      });
    }
  }

  it("reads an end marker without an event behind an object, an array or a line", () => {
    for (const start of ['{"a":1}', '{\n"a":1\n}', '[{"a":1}]', '{"b":2}\n{"a":1}'])
      for (const framing of FRAMINGS)
        for (const pieces of listCuts(`${start}\n[DONE]`)) {
          const read = readBody(framing, pieces)
            .flat()
            .filter((part) => typeof part === "string");
          assert.equal(read.at(-1), "[DONE]", `${framing}: ${start}`);
          assert.equal(read.at(-2), start.replace(/^\[|\]$|^.*\n(?=\{"a)/g, ""), framing);
        }
  });

  it("reads events behind an array and behind lines", () => {
    for (const start of ['[{"a":1}]', '{"b":2}\n{"a":1}'])
      for (const framing of FRAMINGS)
        for (const pieces of listCuts(`${start}\n\ndata: {"c":3}\n\ndata: [DONE]\n\n`)) {
          const read = readBody(framing, pieces);
          assert.deepEqual(read.slice(-3), complete('{"a":1}', '{"c":3}', "[DONE]"), `${framing}: ${start}`);
        }
  });

  it("reads objects that follow each other without a line end", () => {
    for (const text of ['{"a":1}{"b":2}', '{"a":1} {"b":2}', '{\n"a":1\n}\n{\n"b":2\n}', '{"a":1},\n{"b":2}'])
      for (const framing of OBJECT_TYPES)
        for (const pieces of listCuts(text)) {
          const read = readBody(framing, pieces).map((record) =>
            JSON.parse((record as [string, boolean])[0]),
          );
          assert.deepEqual(read, [{ a: 1 }, { b: 2 }], `${framing}: ${text}`);
        }
  });

  it("ignores what is no record behind an object", () => {
    for (const after of ["</html>", "\nOK\n", "\n\n: bye\n\n"])
      for (const framing of OBJECT_TYPES)
        assert.deepEqual(readBody(framing, [`{"a":1}${after}`]).slice(0, 1), complete('{"a":1}'), framing);
  });

  it("refuses a body that is as its doubtful content type says, with the type in the message", () => {
    const read = (...pieces: string[]) => {
      const form = { framing: "doubtful", contentType: "text/html; charset=utf-8" } as const;
      const listener = { onRecord: assert.fail, onBody: assert.fail };
      const reader = createBodyReader(pieces[0]!, form, listener, DEFAULT_LIMITS);
      for (const piece of pieces) reader.feed(piece);
      reader.end();
    };
    for (const pieces of [["<p>"], ["\n", " <"], ["e", "rror"], ["Hello"], ["dat"], [" "]]) {
      assert.throws(
        () => read(...pieces),
        (thrown) => {
          assert.ok(thrown instanceof Failure);
          assert.deepEqual([thrown.code, thrown.retryable], ["bad_response", false]);
          assert.match(thrown.message, /with text\/html instead/);
          return true;
        },
      );
    }
  });

  it("delivers JSON as one body if that is wanted, arrays included", () => {
    for (const text of ['["a","b"]', '{"a":1}\n{"b":2}'])
      for (const framing of ["json", "sniff"] as const)
        assert.deepEqual(readBody(framing, [text], true), [{ body: text }]);
  });

  it("throws a failure if a record or the whole body grows too long", () => {
    const long = "x".repeat(DEFAULT_LIMITS.completion);
    for (const start of ['{"a":"', '{\n"a":"', "no"])
      assert.throws(() => readBody("json", [start, long]), isLimit, start);
    assert.throws(() => readBody("json", ['[{"a":"', "x".repeat(DEFAULT_LIMITS.record)]), isLimit);
  });
});
