import assert from "node:assert/strict";
import fc from "fast-check";
import { PATTERN_MATCHES, RecordTemplate } from "../../../src/dialects/template/record-template.js";
import type { Repeat } from "../../../src/dialects/template/repeat.js";
import { anyText } from "../../support/inputs/arbitraries.js";

const REPEAT: Repeat = {
  texts: ["/delta/text"],
  values: ["/list"],
  apply: () => {},
};

/** Places of what varies without meaning. */
const VARYING = ["/id", "/time", "/usage/count", "/usage/parts/0/of", "/usage/parts/0/n"];

const write = (text: unknown, more: object = {}) =>
  JSON.stringify({
    id: "a",
    time: 12,
    delta: { text, kind: "x" },
    list: [1],
    usage: { count: 1, parts: [{ of: "text", n: 2 }] },
    last: null,
    ...more,
  });

function createTemplate(data: string, repeat: Partial<Repeat> = {}): RecordTemplate | undefined {
  return RecordTemplate.create(data, { ...REPEAT, ...repeat }, VARYING, 8);
}

/** Writes JSON with more escapes than it needs. */
function writeOddly(json: string): string {
  return json.replace(/[^\x20-\x7e]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

describe("Template of a record", () => {
  it("reads the texts and lists of a record that differs only in what may vary", () => {
    const template = createTemplate(write("Hello"))!;
    fc.assert(
      fc.property(
        anyText.filter((text) => text !== ""),
        fc.array(
          fc.anything().map((value) => JSON.parse(JSON.stringify(value) ?? "null") as unknown),
          {
            minLength: 1,
          },
        ),
        fc.string({ unit: fc.constantFrom("a", "é", "水", "-", ":", ",", "}") }),
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        (text, list, id, time) => {
          const usage = { count: 0, parts: [{ of: id, n: time }] };
          // A list that nests too deeply, or a forbidden key in it, is a case for the parser.
          fc.pre(!/\[{4}|__proto__|constructor/.test(JSON.stringify(list)));
          if (!template.match(write(text, { id, time, list, usage }))) {
            assert.ok(JSON.stringify(list).split(/[[{]/).length > 6, write(text, { id, time, list, usage }));
            return;
          }
          assert.deepEqual(template.texts, [text]);
          assert.deepEqual(template.values, [list]);
        },
      ),
    );
  });

  it("does not match a record that differs elsewhere, or that is no valid JSON", () => {
    const template = createTemplate(write("Hello"))!;
    assert.ok(template.match(write("x")));
    for (const other of [
      write(""),
      write(null),
      write(["x"]),
      write("x", { last: 0 }),
      write("x", { more: 1 }),
      write("x", { id: 1 }),
      write("x", { id: "\n" }),
      write("x", { time: "12" }),
      write("x", { list: [] }),
      write("x", { list: {} }),
      write("x", { list: [[[[[[[[1]]]]]]]] }),
      write("x", { usage: { count: 1, parts: [{ of: "text", n: null }] } }),
      write("x", { usage: { count: 1, parts: [] } }),
      `${write("x")} `,
      write("x").slice(0, -1),
      write("x").slice(1),
      write("x").replace("12", "012"),
      write("x").replace("12", "1."),
      write("x").replace("12", "-"),
      write("x").replace("12", "1e"),
      write("x").replace("12", ""),
      write("x").replace("[1]", "[1"),
      write("x").replace("[1]", "[1],2"),
      write("x").replace("[1]", '[{"__proto__":1}]'),
      write("x").replace('"x"', '"\\q"'),
      write("x").replace('"x"', '"a\tb"'),
      write("x").replace('"x"', '"x","text":"y"'),
      '{"id":"a","time":12,"delta":{"text":"x',
      "",
    ]) {
      assert.equal(template.match(other), false, other);
    }
  });

  it("decides after a thousand matches in a fast stream as it did before", () => {
    const repeat = { values: [] };
    const warm = createTemplate(write("x"), repeat)!;
    const pair = write("x") + write("xy");
    const start = write("x").length;
    for (let match = 0; match < PATTERN_MATCHES; match++) assert.ok(warm.match(pair, start, pair.length));
    let matches = 0;
    const check = (data: string) => {
      const cold = createTemplate(write("x"), repeat)!;
      const isMatch = cold.match(data);
      assert.equal(warm.match(data), isMatch, data);
      assert.equal(warm.match(`[${data}\n`, 1, data.length + 1), isMatch, data);
      if (!isMatch) return;
      matches++;
      assert.deepEqual(warm.texts, cold.texts);
    };
    fc.assert(
      fc.property(
        anyText,
        fc.constantFrom("a", "", "é\u2028", 'a"', "\n", "x".repeat(50), "x".repeat(20_000)),
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.nat(300),
        fc.nat(3),
        fc.constantFrom(..."", ...'"\\/{}[],:.-+0e1\n\t ', "\\u00e9", '\\"'),
        (text, id, time, place, removed, added) => {
          const data = write(text, { id, time });
          check(data);
          check(writeOddly(data));
          check(data.slice(0, place) + added + data.slice(place + removed));
        },
      ),
      { numRuns: 2000 },
    );
    assert.ok(matches > 1000, `only ${matches} records matched`);
  });

  it("does not match a record that differs in what does not vary so far", () => {
    const template = RecordTemplate.create(write("x"), REPEAT, ["/time", "/missing"], 8)!;
    assert.equal(template.match(write("y", { time: 3 })), true);
    assert.equal(template.match(write("y", { id: "b" })), false);
  });

  it("matches numbers in every form of JSON, and lets them end where they end", () => {
    const template = createTemplate(write("x"))!;
    for (const number of ["0", "7", "-1", "1.25", "1e999", "-0.0E-2", "123456789012345678901234567890"])
      assert.ok(template.match(write("x").replace("12", number)), number);
  });

  it("reads a text with the fixed parts of the record in it", () => {
    const template = createTemplate(write("Hello"))!;
    const text = write('","kind":"x"},"list":[1]');
    assert.ok(template.match(write(text)));
    assert.deepEqual(template.texts, [text]);
  });

  it("is not created if a place is missing or of another kind, or if no text varies", () => {
    assert.ok(createTemplate(write("x")));
    assert.equal(createTemplate(write(null)), undefined);
    assert.equal(createTemplate(write("x", { list: "x" })), undefined);
    assert.equal(createTemplate(write("x"), { texts: [] }), undefined);
    assert.equal(createTemplate(write("x"), { texts: ["/delta/text", "/delta/text"] }), undefined);
    assert.equal(createTemplate(write("x"), { values: ["/delta"] }), undefined);
    assert.equal(createTemplate(write("x").replace("{", '{"id":1,')), undefined);
    assert.equal(createTemplate(write("x", { more: "y".repeat(20_000) })), undefined);
  });
});
