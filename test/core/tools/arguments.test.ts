import assert from "node:assert/strict";
import fc from "fast-check";
import { findJsonFaultPosition } from "../../../src/core/json/scanner.js";
import { readArguments } from "../../../src/core/tools/arguments.js";

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Texts near JSON: of its own signs, or JSON with something changed. */
const anyNearJson = fc.oneof(
  fc.string({ unit: fc.constantFrom(...'{}[],:" \\\n0123-+.eEtrufalsn\u0001é/b'), maxLength: 30 }),
  fc
    .tuple(fc.json(), fc.nat(), fc.constantFrom("", "x", ",", "}", '"', "0", "\\"))
    .map(
      ([text, at, put]) =>
        text.slice(0, at % (text.length + 1)) + put + text.slice((at % (text.length + 1)) + 1),
    ),
  fc.json(),
);

describe("The place where a text stops being JSON", () => {
  it("is nowhere exactly where JavaScript parses it, and no earlier than its valid beginning", () => {
    fc.assert(
      fc.property(anyNearJson, (text) => {
        const at = findJsonFaultPosition(text);
        assert.equal(at === undefined, isJson(text), JSON.stringify(text));
        if (at !== undefined) assert.ok(at >= 0 && at <= text.length);
      }),
      { numRuns: 2000 },
    );
  });

  it("is the end of an object that breaks off between two of its signs", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.integer(), { minKeys: 1, maxKeys: 3 }), (value) => {
        const text = JSON.stringify(value);
        assert.equal(findJsonFaultPosition(text.slice(0, -1)), text.length - 1);
        assert.equal(findJsonFaultPosition(`${text} !`), text.length + 1);
      }),
    );
  });

  it("is found in a long text as well", () => {
    const text = `{"a":"${"\\u00e9x".repeat(300_000)}","b":[${"1,".repeat(100_000)}2]}`;
    assert.equal(findJsonFaultPosition(text), undefined);
    assert.equal(findJsonFaultPosition(text.slice(0, -1)), text.length - 1);
  });
});

describe("Arguments", () => {
  it("are what was written, where it is an object that fits", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 5 })), (value) => {
        fc.pre(!/__proto__|constructor/.test(JSON.stringify(value)));
        assert.deepEqual(readArguments(JSON.stringify(value), undefined), {
          value: JSON.parse(JSON.stringify(value)),
        });
      }),
    );
  });

  it("are told apart from what is wrong with them, without a word of them", () => {
    for (const [text, says] of [
      ['{"secret":', /break off or go wrong at character 10\.$/],
      ['["secret"]', /not a JSON object/],
      ["null", /not a JSON object/],
      ['{"__proto__":"secret"}', /forbidden key/],
      [`{"a":${"[".repeat(64)}${"]".repeat(64)}}`, /nest deeper than 64/],
    ] as const) {
      const read = readArguments(text, undefined);
      assert.ok("wrong" in read);
      assert.match(read.wrong, says);
      assert.doesNotMatch(read.wrong, /secret/);
    }
  });

  it("are looked at by the tool's check", () => {
    assert.deepEqual(
      readArguments("{}", () => undefined),
      { value: {} },
    );
    assert.deepEqual(
      readArguments("{}", () => "$.a is missing"),
      {
        wrong: "The arguments do not fit the tool's schema: $.a is missing.",
      },
    );
  });
});
