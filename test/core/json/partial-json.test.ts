import assert from "node:assert/strict";
import fc from "fast-check";
import { parseJson } from "../../../src/core/json/parse.js";
import { PartialJson } from "../../../src/core/json/partial-json.js";
import { anyText } from "../../support/inputs/arbitraries.js";

/** Any JSON that this package accepts from a remote, with or without white space and escapes. */
const anyJson = fc
  .tuple(
    fc.oneof(
      fc.jsonValue({ maxDepth: 5, stringUnit: "binary" }),
      fc.dictionary(
        anyText,
        fc.oneof(anyText, fc.double({ noNaN: true, noDefaultInfinity: true }), fc.array(anyText)),
      ),
    ),
    fc.constantFrom("", " ", "\n\t", "\r\n  "),
    fc.boolean(),
  )
  .map(([value, space, escaped]) => {
    const text = JSON.stringify(value, null, space.length) ?? "null";
    const ascii = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
    return space + (escaped ? text.replace(/[^\0-~]/g, ascii) : text) + space;
  })
  .filter((text) => !/__proto__|prototype/.test(text));

function read(...pieces: string[]): PartialJson {
  const json = new PartialJson();
  for (const piece of pieces) json.add(piece);
  return json;
}

/** Reads a text, and returns the value so far. */
const readPart = (text: string) => read(text).take();

/** Whether a value is an earlier state of another. */
function isEarlierState(part: unknown, whole: unknown): boolean {
  if (typeof part === "string") return typeof whole === "string" && whole.startsWith(part);
  if (typeof part !== "object" || part === null) return Object.is(part, whole);
  if (Array.isArray(part) !== Array.isArray(whole)) return false;
  const parts = Object.entries(part);
  const wholes = whole as Record<string, unknown>;
  const unlike = parts.filter(([key, value]) => !Object.hasOwn(wholes, key) || !same(value, wholes[key]));
  return (
    unlike.length <= 1 &&
    unlike.every(([key, value]) => Object.hasOwn(wholes, key) && isEarlierState(value, wholes[key]))
  );
}

const same = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other);

/** Counts how often characters are read while a function runs. */
function countSteps(work: () => void): number {
  let steps = 0;
  const original = { charCodeAt: String.prototype.charCodeAt, charAt: String.prototype.charAt };
  for (const name of ["charCodeAt", "charAt"] as const) {
    const counted = function (this: string, at: number) {
      steps++;
      return Reflect.apply(original[name], this, [at]);
    };
    Object.assign(String.prototype, { [name]: counted });
  }
  try {
    work();
  } finally {
    Object.assign(String.prototype, original);
  }
  return steps;
}

describe("Partial JSON", () => {
  it("has open strings, arrays and objects so far, and numbers and words once they are complete", () => {
    for (const [text, value] of [
      ["", undefined],
      [" \n", undefined],
      ["{", {}],
      ['{"na', {}],
      ['{"name"', {}],
      ['{"name": ', {}],
      ['{"name": "', { name: "" }],
      ['{"name": "A', { name: "A" }],
      ['{"name": "Ada", "age": 3', { name: "Ada" }],
      ['{"name": "Ada", "age": 36 ', { name: "Ada", age: 36 }],
      ['{"ok": tru', {}],
      ['{"ok": true', {}],
      ['{"ok": true,', { ok: true }],
      ['{"pets": [{"a": null}, {', { pets: [{ a: null }, {}] }],
      ['{"pets": [[', { pets: [[]] }],
      ["[1, -2.5e3, 0", [1, -2500]],
      ['"a\\', "a"],
      ['"a\\n\\u00e', "a\n"],
      ['"\\ud83d', ""],
      ['"\ud83d', ""],
      ['"\\ud83d\\ude42', "🙂"],
      ['"\\ud83dx', "\ud83dx"],
    ] as const) {
      assert.deepEqual(readPart(text), value, text);
    }
  });

  it("has the value of JSON.parse at the end, wherever the text was cut", () => {
    fc.assert(
      fc.property(anyJson, fc.infiniteStream(fc.nat({ max: 9 })), (text, lengths) => {
        const json = new PartialJson();
        for (let at = 0; at < text.length; ) {
          const length = lengths.next().value as number;
          json.add(text.slice(at, at + length));
          at += length;
        }
        json.end();
        assert.deepEqual([json.isComplete, json.failed], [true, false]);
        assert.deepEqual(json.take(), parseJson(text));
      }),
    );
  });

  it("has the same value at each place, whether the text came in one piece or many", () => {
    fc.assert(
      fc.property(anyJson, fc.nat(), (text, place) => {
        const begun = text.slice(0, place % (text.length + 1));
        const pieces = read(...begun);
        assert.deepEqual(readPart(begun), pieces.take());
      }),
    );
  });

  it("only ever continues the earlier value", () => {
    fc.assert(
      fc.property(anyJson, (text) => {
        const json = new PartialJson();
        let before: unknown;
        for (const char of text) {
          json.add(char);
          if (!json.hasGrown) continue;
          const now = json.take();
          if (before !== undefined)
            assert.ok(isEarlierState(before, now), `${JSON.stringify(before)} in ${text}`);
          before = now;
        }
        json.end();
        assert.ok(isEarlierState(before, json.take()) || before === undefined);
      }),
      { numRuns: 300 },
    );
  });

  it("reports growth exactly when the value has changed", () => {
    fc.assert(
      fc.property(anyJson, (text) => {
        const json = new PartialJson();
        let seen: string | undefined;
        for (const char of text) {
          json.add(char);
          const { hasGrown: grown } = json;
          const now = JSON.stringify(json.take());
          assert.equal(grown, now !== seen, `at ${char} of ${text}`);
          seen = now;
        }
      }),
    );
  });

  it("never changes a value after it was taken", () => {
    fc.assert(
      fc.property(anyJson, (text) => {
        const json = new PartialJson();
        const taken: [unknown, string | undefined][] = [];
        for (const char of text) {
          json.add(char);
          const value = json.take();
          taken.push([value, JSON.stringify(value)]);
        }
        for (const [value, was] of taken) assert.equal(JSON.stringify(value), was);
      }),
    );
  });

  it("shares complete parts between taken values, and copies only open ones", () => {
    const json = read('{"done": {"a": [1, 2]}, "list": [[1], [2');
    const early = json.take() as { done: object; list: object[] };
    json.add('], "x"], "more": "');
    const late = json.take() as { done: object; list: object[] };
    assert.equal(late.done, early.done);
    assert.equal(late.list[0], early.list[0]);
    assert.notEqual(late.list, early.list);
    assert.deepEqual(early, { done: { a: [1, 2] }, list: [[1], []] });
  });

  it("replaces a member by a later one with the same key, at the place of the earlier", () => {
    const json = read('{"a": 1, "b": 2, "a": "x');
    assert.deepEqual(Object.entries(json.take() as object), [
      ["a", "x"],
      ["b", 2],
    ]);
    json.add('y"}');
    assert.deepEqual(json.take(), { a: "xy", b: 2 });
  });

  it("reads a text that stops being JSON up to the fault, and no further", () => {
    for (const text of [
      "x",
      "{a",
      "{'a",
      '{"a" 1',
      '{"a":}',
      '{"a":1,}',
      '{"a":1 "b"',
      "[1,]",
      "[,",
      "[1 2",
      "]",
      "}",
      "[1}",
      '{"a":1]',
      "01,",
      "1.,",
      "+1,",
      "-,",
      "1e,",
      ".5,",
      "tru,",
      "nullx,",
      "True,",
      "NaN,",
      '"a\nb"',
      '"\\x"',
      '"\\u12g4"',
      '{"a":1}{',
      '"a" "b"',
      "\uFEFF{",
      "\u00a0{",
    ]) {
      const json = read(text, '{"more": "text"}');
      assert.ok(json.failed, text);
      assert.throws(() => JSON.parse(text.replace(/,$/, "")), text);
      assert.equal(JSON.stringify(json.take() ?? null).includes("more"), false, text);
    }
  });

  it("refuses any text that JSON.parse refuses", () => {
    const anything = fc.oneof(
      fc.string({ unit: fc.constantFrom(...'{}[]":,\\u0123eE+-.truefalsn \n'), maxLength: 12 }),
      anyText,
    );
    fc.assert(
      fc.property(anything, (text) => {
        const json = read(...text);
        json.end();
        let whole: unknown;
        try {
          whole = JSON.parse(text);
        } catch {
          assert.ok(json.failed || !json.isComplete, text);
          return;
        }
        if (!json.failed) assert.deepEqual(json.take(), whole);
        else assert.match(text, /proto/);
      }),
      { numRuns: 2000 },
    );
  });

  it("refuses keys that lead to a prototype, and JSON that nests too deeply", () => {
    for (const text of [
      '{"a":{"__proto__":{"x":1}}}',
      '{"\\u005f_proto__":1}',
      '{"constructor":{"prototype":{"x":1}}}',
    ]) {
      const json = read(text);
      assert.ok(json.failed, text);
      assert.equal(JSON.stringify(json.take()).includes("x"), false);
    }
    assert.equal(({} as { x?: unknown }).x, undefined);
    const deep = read("[".repeat(1_000_000));
    assert.ok(deep.failed);
    assert.equal(JSON.stringify(deep.take()).length, 128);
    assert.equal(read("[".repeat(64)).failed, false);
  });

  it("reads a text in linear time, whatever the size of its pieces", () => {
    const object = JSON.stringify({
      list: Array.from({ length: 50 }, (_, at) => ({ at, text: 'some "words"\n' })),
    });
    for (const [name, one] of Object.entries({
      object,
      string: `"${"word ".repeat(1000)}"`,
      number: "1".repeat(4000),
    })) {
      for (const size of [1, 4, 1000]) {
        const stepsFor = (times: number) => {
          const text = `[${Array(times).fill(one).join(",")}]`;
          return countSteps(() => {
            const json = new PartialJson();
            for (let at = 0; at < text.length; at += size) json.add(text.slice(at, at + size));
          });
        };
        const [few, many] = [stepsFor(2), stepsFor(20)];
        assert.ok(few > 0 && many <= few * 11, `${name} by ${size}: ${few}, then ${many} steps`);
      }
    }
  });
});
