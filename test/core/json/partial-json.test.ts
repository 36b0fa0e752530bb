import assert from "node:assert/strict";
import fc from "fast-check";
import { parseJson } from "../../../src/core/json/parse.js";
import { PartialJson } from "../../../src/core/json/partial-json.js";
import { anyText } from "../../support/inputs/arbitraries.js";

/** Any JSON value that this package takes from a remote, as the text of a model with its own habits. */
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

/** The value so far of a text that ends here. */
const soFar = (text: string) => read(text).take();

/** Whether a value is what another looked like before it was whole. */
function isBeginning(part: unknown, whole: unknown): boolean {
  if (typeof part === "string") return typeof whole === "string" && whole.startsWith(part);
  if (typeof part !== "object" || part === null) return Object.is(part, whole);
  if (Array.isArray(part) !== Array.isArray(whole)) return false;
  const parts = Object.entries(part);
  const wholes = whole as Record<string, unknown>;
  const unlike = parts.filter(([key, value]) => !Object.hasOwn(wholes, key) || !same(value, wholes[key]));
  return (
    unlike.length <= 1 &&
    unlike.every(([key, value]) => Object.hasOwn(wholes, key) && isBeginning(value, wholes[key]))
  );
}

const same = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other);

/** How often the reader looks at a character or a slot, while something runs. */
function stepsOf(work: () => void): number {
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

describe("JSON that is still coming", () => {
  it("counts as far as it is there: what is open as it is, a number or word when it is whole", () => {
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
      assert.deepEqual(soFar(text), value, text);
    }
  });

  it("is in the end what JSON.parse makes of it, wherever it was cut", () => {
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

  it("is the same at each place, whether it came in one piece or many", () => {
    fc.assert(
      fc.property(anyJson, fc.nat(), (text, place) => {
        const begun = text.slice(0, place % (text.length + 1));
        const pieces = read(...begun);
        assert.deepEqual(soFar(begun), pieces.take());
      }),
    );
  });

  it("is at each place a beginning of the whole, and of every place after it", () => {
    fc.assert(
      fc.property(anyJson, (text) => {
        const json = new PartialJson();
        let before: unknown;
        for (const char of text) {
          json.add(char);
          if (!json.hasGrown) continue;
          const now = json.take();
          if (before !== undefined)
            assert.ok(isBeginning(before, now), `${JSON.stringify(before)} in ${text}`);
          before = now;
        }
        json.end();
        assert.ok(isBeginning(before, json.take()) || before === undefined);
      }),
      { numRuns: 300 },
    );
  });

  it("says that it has grown when, and only when, there is more to see", () => {
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

  it("never changes a value that has been taken", () => {
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

  it("shares what has ended between the values: only what is open is copied", () => {
    const json = read('{"done": {"a": [1, 2]}, "list": [[1], [2');
    const early = json.take() as { done: object; list: object[] };
    json.add('], "x"], "more": "');
    const late = json.take() as { done: object; list: object[] };
    assert.equal(late.done, early.done);
    assert.equal(late.list[0], early.list[0]);
    assert.notEqual(late.list, early.list);
    assert.deepEqual(early, { done: { a: [1, 2] }, list: [[1], []] });
  });

  it("keeps of two members of one name the later, in the place of the earlier", () => {
    const json = read('{"a": 1, "b": 2, "a": "x');
    assert.deepEqual(Object.entries(json.take() as object), [
      ["a", "x"],
      ["b", 2],
    ]);
    json.add('y"}');
    assert.deepEqual(json.take(), { a: "xy", b: 2 });
  });

  it("that is none is read as far as it is JSON, and no further", () => {
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

  it("is refused where JSON.parse refuses, whatever the text", () => {
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

  it("may try to reach a prototype or to overflow a stack, in vain", () => {
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

  it("is read in steps that grow as the text does, whatever the pieces", () => {
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
          return stepsOf(() => {
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
