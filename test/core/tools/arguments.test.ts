import assert from "node:assert/strict";
import fc from "fast-check";
import { readArguments } from "../../../src/core/tools/arguments.js";

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
