import assert from "node:assert/strict";
import fc from "fast-check";
import { Failure } from "../../../src/core/failure.js";
import type { RecordListener } from "../../../src/transport/records/record-reader.js";
import { SseReader } from "../../../src/transport/records/sse.js";
import { WPT, type WptRow } from "../../fixtures/wpt.js";
import { anyCuts, cutText } from "../../support/inputs/cutting.js";
import { readRecords } from "../../support/inputs/replay.js";

const expected = ({ events, unclosed }: WptRow) => [
  ...events.map(([data, event]) => [data, event, false]),
  ...(unclosed ? [[unclosed[0], unclosed[1], true]] : []),
];

describe("SSE grammar", () => {
  for (const row of WPT) {
    it(`agrees with web-platform-tests: ${row.name}`, () => {
      assert.deepEqual(readRecords([row.body]), expected(row));
    });
  }

  it("gives the same events however the text is cut and whatever ends the lines", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.array(
            fc.string({ unit: "grapheme" }).filter((line) => !/[\r\n]/.test(line)),
            { minLength: 1 },
          ),
        ),
        fc.constantFrom("\n", "\r\n", "\r"),
        anyCuts,
        (events, eol, cuts) => {
          const text = events
            .map((lines) => lines.map((line) => `data: ${line}${eol}`).join("") + eol)
            .join("");
          const read: string[] = [];
          const reader = new SseReader({ onRecord: (data) => read.push(data) }, 1_000_000);
          for (const piece of cutText(text, cuts)) reader.feed(piece);
          reader.end();
          assert.deepEqual(
            read,
            events.map((lines) => lines.join("\n")),
          );
        },
      ),
    );
  });
});

describe("SSE reader whose listener reads repeated events in the text", () => {
  const anyLine = fc.string({ unit: fc.constantFrom("r", "a", " ", ":", "é", "{"), maxLength: 6 });
  /** Any of these, mostly the first. */
  const mostly = <Value>(usual: Value, ...others: Value[]) =>
    fc.oneof({ weight: 6, arbitrary: fc.constant(usual) }, fc.constantFrom(...others));
  const anyEvent = fc
    .record({
      name: mostly<string | undefined>("delta", undefined, "error"),
      lines: fc.array(anyLine, { minLength: 1, maxLength: 2 }),
      eol: mostly("\n", "\r\n", "\r"),
      look: mostly(" ", "", "  "),
      before: mostly("", ": ping\n", ": ping\n\n", "id: 1\n", "\n"),
    })
    .map(({ name, lines, eol, look, before }) => {
      const head = name === undefined ? "" : `event: ${name}${eol}`;
      return before + head + lines.map((line) => `data:${look}${line}${eol}`).join("") + eol;
    });

  const anyEvents = fc.array(anyEvent, { minLength: 3, maxLength: 12, size: "max" });

  it("delivers the same events, however the text is cut", () => {
    let repeats = 0;
    fc.assert(
      fc.property(anyEvents, anyCuts, (events, cuts) => {
        const text = events.join("");
        const expected: unknown[] = [];
        const whole = new SseReader({ onRecord: (...record) => expected.push(record) }, 1000);
        whole.feed(text);
        whole.end();
        const read: unknown[] = [];
        let event: string | undefined;
        const listener: RecordListener = {
          onRecord(data, name, last) {
            event = name;
            read.push([data, name, last]);
          },
          onRepeat(source, start, end) {
            const data = source.slice(start, end);
            if (data.startsWith("a")) return false;
            repeats++;
            return read.push([data, event, false]) > 0;
          },
        };
        const reader = new SseReader(listener, 1000);
        for (const piece of cutText(text, cuts)) reader.feed(piece);
        reader.end();
        assert.deepEqual(read, expected);
      }),
      { numRuns: 3000 },
    );
    assert.ok(repeats > 300, `only ${repeats} events were read in the text`);
  });

  it("passes on every event that comes whole, once the first one has come", () => {
    const records: string[] = [];
    const repeats: string[] = [];
    const reader = new SseReader(
      {
        onRecord: (data) => records.push(data),
        onRepeat: (text, start, end) => repeats.push(text.slice(start, end)) > 0,
      },
      1000,
    );
    const write = (data: string) => `event: x\ndata: ${data}\n\n`;
    for (const text of [
      write("a"),
      write("b") + write("c"),
      `${write("d")}event: x\nda`,
      `ta: e\n\n${write("f")}`,
    ])
      reader.feed(text);
    assert.deepEqual(records, ["a", "e"]);
    assert.deepEqual(repeats, ["b", "c", "d", "f"]);
  });

  it("is not asked about an event named “error”, which may be an error whatever it has", () => {
    const reader = new SseReader({ onRecord: () => {}, onRepeat: () => assert.fail("asked") }, 1000);
    reader.feed("event: error\ndata: a\n\n");
    reader.feed("event: error\ndata: a\n\n");
    reader.feed("data: b\n\nevent: er");
    reader.feed("ror\ndata: a\n\nevent: error\ndata: a\n\n");
  });
});

describe("SSE reader", () => {
  const read = (...pieces: string[]) => readRecords(pieces.map((piece) => Buffer.from(piece)));

  it("delivers an event without its blank line, marked as the last", () => {
    assert.deepEqual(read("data: a\n\nevent: x\nda", "ta: b"), [
      ["a", undefined, false],
      ["b", "x", true],
    ]);
  });

  it("delivers each event as soon as its blank line comes", () => {
    const seen: string[] = [];
    const reader = new SseReader({ onRecord: (data) => seen.push(data) }, 1000);
    reader.feed("data: a\n");
    assert.deepEqual(seen, []);
    reader.feed("\ndata: b\n\n");
    assert.deepEqual(seen, ["a", "b"]);
  });

  it("delivers an error in a field of its own", () => {
    assert.deepEqual(read('data: a\n\nerror: {"x":1}\n\n'), [
      ["a", undefined, false],
      ['{"x":1}', "error", false],
    ]);
  });

  it("delivers text outside of events only if no event came", () => {
    assert.deepEqual(read("Oops\n", "oops\n"), [["Oops\noops\n", undefined, true]]);
    assert.deepEqual(read("Oops\n\ndata: a\n\n"), [["a", undefined, false]]);
    assert.deepEqual(read('data: a\n\n{"error":"x"}\n\n'), [["a", undefined, false]]);
    assert.deepEqual(read(": ping\n\n"), []);
    assert.deepEqual(read(""), []);
  });

  it("delivers a JSON object outside of events if it comes before them, wherever the text is cut", () => {
    const DONE = ["[DONE]", undefined, false];
    for (const [object, after, expected] of [
      ['{"a":"}"}', "\n", []],
      ['{"a":"}"}', "\n\ndata: [DONE]\n\n", [DONE]],
      ['{"a":"}"}', "data: [DONE]\n\n", [DONE]],
      ['{\n "a": {\n "b": 1\n}\n}', "\n\ndata: [DONE]\n\n", [DONE]],
    ] as const) {
      const text = `: ping\n\n${object}${after}`;
      for (let at = 0; at <= text.length; at++)
        assert.deepEqual(read(text.slice(0, at), text.slice(at)), [[object, undefined, false], ...expected]);
    }
    assert.deepEqual(read(": ping\n\n{not JSON}\n\ndata: a\n\n"), [["a", undefined, false]]);
  });

  it("keeps only the beginning of text outside of events", () => {
    const [[data] = [""]] = readRecords([Buffer.from("x".repeat(100_000))]) as [string][];
    assert.ok(data.length < 5_000);
  });

  it("accepts any number of comments, but no comment without end", () => {
    const seen: string[] = [];
    const reader = new SseReader({ onRecord: (data) => seen.push(data) }, 100);
    const comments = () => {
      for (let at = 0; at < 30; at++) reader.feed(`: ${"x".repeat(40)}\n${at % 2 ? "\n" : ""}`);
    };
    comments();
    reader.feed("data: a\n");
    comments();
    reader.feed("data: b\n\n");
    assert.deepEqual(seen, ["a", "b"]);
    assert.throws(() => {
      for (let at = 0; at < 30; at++) reader.feed(`: ${"x".repeat(40)}`);
    }, /longer than 100/);
  });

  it("throws a failure if an event grows too long, in one line or in many", () => {
    const limit = (thrown: unknown) => thrown instanceof Failure && thrown.code === "limit";
    const line = new SseReader({ onRecord: () => {} }, 100);
    line.feed("data: ");
    assert.throws(() => line.feed("x".repeat(101)), limit);
    const lines = new SseReader({ onRecord: () => {} }, 100);
    assert.throws(() => {
      for (let at = 0; at < 30; at++) lines.feed("data: 12345678\n");
    }, limit);
  });
});
