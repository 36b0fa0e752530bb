import assert from "node:assert/strict";
import { load, nodeOf } from "./editor-half.js";

describe("Own prices in the dialog of chat-provider", () => {
  const { definition } = load("chat-provider");
  const validate = (prices: string) =>
    definition.defaults["prices"]!.validate!.call(nodeOf("chat-provider", definition, {}), prices, {});

  it("are refused without the price of the tokens in and out", () => {
    for (const wrong of ["{", "[]", '{"a": 1}', '{"a": {"input": 1}}', '{"a": {"input": "1", "output": 1}}'])
      assert.match(String(validate(wrong)), /^Own prices:/);
    for (const right of ["", '{"a": {"input": 1, "output": 2, "cacheRead": 0}}'])
      assert.equal(validate(right), true);
  });
});
