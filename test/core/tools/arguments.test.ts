import assert from "node:assert/strict";
import fc from "fast-check";
import { readArguments } from "../../../src/core/tools/arguments.js";

describe("Tool arguments", () => {
  it("returns the object that the model wrote if it fits", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 5 })), (value) => {
        fc.pre(!/__proto__|constructor/.test(JSON.stringify(value)));
        assert.deepEqual(readArguments(JSON.stringify(value), undefined), {
          value: JSON.parse(JSON.stringify(value)),
        });
      }),
    );
  });

  it("describes what is wrong without quoting the arguments", () => {
    for (const [text, says] of [
      ['{"secret":', /end or go wrong at character 10\.$/],
      ['["secret"]', /not a JSON object/],
      ["null", /not a JSON object/],
      ['{"__proto__":"secret"}', /forbidden key/],
      [`{"a":${"[".repeat(64)}${"]".repeat(64)}}`, /nest deeper than 64/],
    ] as const) {
      const read = readArguments(text, undefined);
      assert.ok("problem" in read);
      assert.match(read.problem, says);
      assert.doesNotMatch(read.problem, /secret/);
    }
  });

  it("checks the arguments against the tool's schema", () => {
    assert.deepEqual(
      readArguments("{}", () => undefined),
      { value: {} },
    );
    assert.deepEqual(
      readArguments("{}", () => "$.a is missing"),
      {
        problem: "The arguments do not match the tool's schema: $.a is missing.",
      },
    );
  });
});
