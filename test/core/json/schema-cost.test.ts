import assert from "node:assert/strict";
import { Failure } from "../../../src/core/failure.js";
import { compileSchema } from "../../../src/core/json/schema.js";
import { runWithTimeLimit, TimeLimitError } from "../../../src/core/json/time-limit.js";
import { UNIQUE_ITEMS } from "../../../src/core/json/unique-items.js";

/** Reads why a schema is refused. */
function readRefusal(label: string, schema: unknown): string {
  try {
    compileSchema(schema);
  } catch (thrown) {
    assert.ok(thrown instanceof Failure, String(thrown));
    assert.equal(thrown.code, "configuration");
    return thrown.message;
  }
  assert.fail(`${label} was compiled`);
}

/** Measures how long something takes, in milliseconds. */
function measure(run: () => unknown): number {
  const started = performance.now();
  run();
  return performance.now() - started;
}

const repeat = <T>(count: number, create: (at: number) => T) =>
  Array.from({ length: count }, (_, at) => create(at));

/** Each definition refers to the next one twice. */
function createDoubling(depth: number, keyword: string): Record<string, unknown> {
  const definitions = repeat(depth, (at) => {
    const next = { $ref: `#/$defs/d${at + 1}` };
    return [`d${at}`, { [keyword]: [next, next] }];
  });
  return {
    $defs: { ...Object.fromEntries(definitions), [`d${depth}`]: { type: "string" } },
    $ref: "#/$defs/d0",
  };
}

/** A value that nests in a property. */
function nest(depth: number): unknown {
  let value: unknown = {};
  for (let level = 0; level < depth; level++) value = { next: value };
  return value;
}

// The work of most of these tests would take hours without a limit, so they assert its message and no time: how long the
// interruption itself takes depends on what else the machine does.
describe("Cost of a JSON Schema", () => {
  before(() => {
    compileSchema({ type: "string" })("loads the validator");
  });

  const SLOW_CHECKS: Record<string, readonly [schema: unknown, value: unknown]> = {
    "a reference twice, 36 deep": [createDoubling(36, "allOf"), "x"],
    "alternatives twice, 36 deep": [createDoubling(36, "oneOf"), 7],
    "two alternatives that contain the schema": [
      { anyOf: repeat(2, () => ({ properties: { next: { $ref: "#" } }, required: ["next"] })) },
      nest(50),
    ],
    "a dynamic reference twice": [
      {
        $dynamicAnchor: "n",
        anyOf: repeat(2, () => ({ required: ["next"], properties: { next: { $dynamicRef: "#n" } } })),
      },
      nest(50),
    ],
    "a pattern with a repeated repetition": [{ pattern: "^(a+)+$" }, `${"a".repeat(40)}b`],
    "a pattern with alternatives that overlap": [{ pattern: "^(a|aa|b)*c$" }, "a".repeat(4_000)],
    "patterns for names": [{ patternProperties: { "^(x+x+)+y$": {} } }, { ["x".repeat(60)]: 1 }],
    "a pattern for all names": [{ propertyNames: { pattern: "(.*)*[^z]$" } }, { [`${"z".repeat(60)}`]: 1 }],
    "many slow patterns": [
      { anyOf: repeat(100, (at) => ({ pattern: `^(a+)+b{${at}}$` })) },
      `${"a".repeat(40)}!`,
    ],
  };
  for (const [label, [schema, value]] of Object.entries(SLOW_CHECKS)) {
    it(`ends the check of ${label} after half a second, with a reason`, () => {
      const check = compileSchema(schema);
      assert.match(check(value)!, /^\$ takes longer than 500 ms to be checked$/);
      const drafts = [
        "http://json-schema.org/draft-07/schema#",
        "https://json-schema.org/draft/2020-12/schema",
      ];
      for (const $schema of drafts) assert.equal(compileSchema({ $schema, type: "string" })("x"), undefined);
    });
  }

  it("refuses a schema that takes longer than a second to compile, at once when it comes again", () => {
    // As many as fit into the longest schema: they take several seconds on a fast machine.
    const slow: Record<string, unknown> = {
      "14,000 alternatives": { anyOf: repeat(14_000, () => ({ minLength: 1 })) },
      "14,000 alternatives for an entry": { items: { anyOf: repeat(14_000, () => ({ maximum: 1 })) } },
      "14,000 constants": { anyOf: repeat(14_000, (at) => ({ const: at })) },
    };
    for (const [label, schema] of Object.entries(slow)) {
      const first = measure(() =>
        assert.match(readRefusal(label, schema), /takes longer than 1000 ms to compile/, label),
      );
      const second = measure(() => readRefusal(label, schema));
      assert.ok(second < first / 2, `${label}: ${first} ms, then ${second} ms`);
    }
  });

  it("compiles references that refer to each other, or refuses them", () => {
    const chain = Object.fromEntries(
      repeat(60, (at) => [`d${at}`, { properties: { next: { $ref: `#/$defs/d${(at + 1) % 60}` } } }]),
    );
    assert.equal(compileSchema({ $defs: chain, $ref: "#/$defs/d0" })(nest(50)), undefined);
    const long = Object.fromEntries(repeat(5_000, (at) => [`d${at}`, { $ref: `#/$defs/d${at + 1}` }]));
    assert.match(
      readRefusal("5,000 references in a row", { $defs: { ...long, d5000: {} }, $ref: "#/$defs/d0" }),
      /too large|takes longer/,
    );
  });

  it("refuses a schema that is too long, has too long a pattern or refers to itself without end", () => {
    assert.match(
      readRefusal("8,000 alternatives", { anyOf: repeat(20_000, (at) => ({ const: `alternative ${at}` })) }),
      /longer than 262144 characters/,
    );
    assert.match(
      readRefusal("a long pattern", { pattern: "\\p{L}|".repeat(1_000) }),
      /a pattern is longer than 4096 characters/,
    );
    const circle = { $defs: { a: { $ref: "#/$defs/b" }, b: { $ref: "#/$defs/a" } }, $ref: "#/$defs/a" };
    assert.match(readRefusal("a circle", circle), /refers to itself without end/);
  });

  it("keeps the texts of at most a million characters of schemas, and the latest ones", () => {
    const create = (at: number) => ({ title: `${at} ${"x".repeat(200_000)}` });
    const checks = repeat(8, (at) => compileSchema(create(at)));
    assert.equal(compileSchema(create(7)), checks[7]);
    assert.notEqual(compileSchema(create(0)), checks[0]);
  });

  it("reads each of many items that must be unique as often as each of a few", () => {
    const countReads = (items: number): number => {
      let reads = 0;
      const list = repeat(items, (at) =>
        Object.defineProperty({}, "id", {
          enumerable: true,
          get: () => {
            reads++;
            return at;
          },
        }),
      );
      assert.equal(UNIQUE_ITEMS.validate!.call({} as never, true, list as never), true);
      return reads / items;
    };
    assert.ok(countReads(10) >= 1);
    assert.equal(countReads(2_000), countReads(10));
  });

  it("finds the last of many items that is not unique", () => {
    const check = compileSchema({ type: "array", uniqueItems: true });
    const items = repeat(2_000, (at) => ({ id: at, tags: [at % 7, { deep: `${at}` }] }));
    assert.equal(check(items), undefined);
    assert.match(
      check([...items, { tags: [0, { deep: "0" }], id: 0 }])!,
      /^\$ must NOT have duplicate items$/,
    );
  });

  it("tells items apart as JSON does", () => {
    const check = compileSchema({ uniqueItems: true });
    const unique = [
      1,
      "1",
      true,
      "true",
      null,
      "null",
      [],
      {},
      [[]],
      [{}],
      "",
      [1, 2],
      [2, 1],
      { a: 1 },
      { a: "1" },
      { 1: 2, b: 0 },
      [["1", 2]],
    ];
    assert.equal(check(unique), undefined);
    assert.equal(check(JSON.parse('[{"__proto__":1},{"__proto__":2},{}]')), undefined);
    for (const item of unique) {
      assert.match(check([...unique, structuredClone(item)])!, /duplicate/, JSON.stringify(item));
    }
    assert.match(
      check([
        { a: 1, b: { c: 2, d: 3 } },
        { b: { d: 3, c: 2 }, a: 1 },
      ])!,
      /duplicate/,
    );
    assert.equal(compileSchema({ uniqueItems: false })([1, 1]), undefined);
    assert.equal(check("aa"), undefined);
  });
});

describe("Time limit", () => {
  it("returns what the function returns, and throws what it throws", () => {
    assert.equal(
      runWithTimeLimit(5_000, () => 7),
      7,
    );
    assert.equal(
      runWithTimeLimit(5_000, () => undefined),
      undefined,
    );
    assert.throws(() => runWithTimeLimit(100, () => assert.fail("mine")), /mine/);
  });

  it("interrupts a loop, a recursion and a regular expression, and works again afterwards", () => {
    const recur = (depth: number): number => (depth > 60 ? 1 : recur(depth + 1) + recur(depth + 1));
    const endless: (() => unknown)[] = [
      () => {
        for (;;);
      },
      () => recur(0),
      () => /^(a+)+$/.test(`${"a".repeat(50)}b`),
    ];
    for (const work of endless) {
      assert.throws(() => runWithTimeLimit(50, work), TimeLimitError);
      assert.equal(
        runWithTimeLimit(5_000, () => 1),
        1,
      );
    }
  });
});
