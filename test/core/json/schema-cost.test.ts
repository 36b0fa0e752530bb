import assert from "node:assert/strict";
import { Failure } from "../../../src/core/failure.js";
import { compileSchema } from "../../../src/core/json/schema.js";
import { runWithTimeLimit, TimeLimitError } from "../../../src/core/json/time-limit.js";

/** Longer than any limit of a check or of compiling, and far shorter than the work itself. */
const MAX_MS = 3_000;

/** Runs something and asserts that it did not stand still. */
function runSoon<T>(label: string, run: () => T): T {
  const started = performance.now();
  const result = run();
  const duration = performance.now() - started;
  assert.ok(duration < MAX_MS, `${label} took ${Math.round(duration)} ms`);
  return result;
}

/** Reads why a schema is refused. */
function readRefusal(label: string, schema: unknown): string {
  return runSoon(label, () => {
    try {
      compileSchema(schema);
    } catch (thrown) {
      assert.ok(thrown instanceof Failure, String(thrown));
      assert.equal(thrown.code, "configuration");
      return thrown.message;
    }
    assert.fail(`${label} was compiled`);
  });
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
      `${"a".repeat(22)}!`,
    ],
  };
  for (const [label, [schema, value]] of Object.entries(SLOW_CHECKS)) {
    it(`ends the check of ${label} after half a second, with a reason`, () => {
      const check = compileSchema(schema);
      assert.match(runSoon(label, () => check(value))!, /^\$ takes longer than 500 ms to be checked$/);
      const drafts = [
        "http://json-schema.org/draft-07/schema#",
        "https://json-schema.org/draft/2020-12/schema",
      ];
      for (const $schema of drafts) assert.equal(compileSchema({ $schema, type: "string" })("x"), undefined);
    });
  }

  it("refuses a schema that takes longer than a second to compile, at once when it comes again", () => {
    const properties = (at: number) => ({
      type: "object",
      properties: { [`property${at}`]: { type: "string" } },
    });
    const slow = { anyOf: repeat(3_000, properties) };
    assert.match(readRefusal("3,000 alternatives", slow), /takes longer than 1000 ms to compile/);
    const started = performance.now();
    assert.match(readRefusal("the same again", slow), /takes longer than 1000 ms to compile/);
    assert.ok(performance.now() - started < 500);
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

  it("compares unique items in linear time", () => {
    const check = compileSchema({ type: "array", uniqueItems: true });
    const items = repeat(50_000, (at) => ({ id: at, tags: [at % 7, { deep: `${at}` }] }));
    assert.equal(
      runSoon("50,000 objects", () => check(items)),
      undefined,
    );
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
      runWithTimeLimit(100, () => 7),
      7,
    );
    assert.equal(
      runWithTimeLimit(100, () => undefined),
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
      const started = performance.now();
      assert.throws(() => runWithTimeLimit(50, work), TimeLimitError);
      assert.ok(performance.now() - started < MAX_MS);
      assert.equal(
        runWithTimeLimit(100, () => 1),
        1,
      );
    }
  });
});
