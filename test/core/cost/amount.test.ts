import assert from "node:assert/strict";
import { createCost, readCost, TotalCost } from "../../../src/core/cost/amount.js";
import { addCost } from "../../../src/core/cost/billed-completion.js";
import { checkOwnPrices } from "../../../src/core/cost/own-prices.js";
import { Failure } from "../../../src/core/failure.js";

describe("Costs", () => {
  it("add up without the digits of binary fractions, under the less exact source", () => {
    const total = new TotalCost();
    total.add({ usd: 0.1, source: "service" });
    total.add({ usd: 0.2, source: "own" });
    assert.deepEqual(total.value, { usd: 0.3, source: "own" });
  });

  it("are unknown in sum if one of them is", () => {
    const total = new TotalCost();
    assert.equal(total.value, null);
    total.add({ usd: 0.1, source: "prices" });
    total.add(null);
    total.add({ usd: 0.1, source: "prices" });
    assert.equal(total.value, null);
  });

  it("keep the smallest amounts", () => {
    assert.deepEqual(createCost(2.8e-9, "prices"), { usd: 2.8e-9, source: "prices" });
  });

  it("are read from a message only if they are costs", () => {
    assert.deepEqual(readCost({ usd: 1, source: "own", more: 1 }), { usd: 1, source: "own" });
    for (const value of [undefined, null, 1, "1", {}, { usd: -1, source: "own" }, { usd: 1, source: "x" }]) {
      assert.equal(readCost(value), null);
    }
  });

  it("leave what a service tells in the field of a completion", () => {
    const completion = {
      id: "",
      object: "chat.completion" as const,
      created: 0,
      model: "",
      choices: [],
      usage: null,
    };
    const venice = { ...completion, cost: { usd: 1, diem: 2 } };
    assert.deepEqual(addCost(venice, { usd: 1, source: "service" }).cost, {
      usd: 1,
      diem: 2,
      source: "service",
    });
    assert.equal(addCost(completion, null).cost, null);
  });
});

describe("The author's prices", () => {
  it("are refused with the model that is wrong", () => {
    const wrong = [{ a: 1 }, { a: { input: 1 } }, { a: { input: "1", output: 1 } }];
    const more = [{ a: { input: 1, output: -1 } }, { a: { input: 1, output: 1, cached: 1 } }];
    for (const table of [...wrong, ...more]) {
      assert.throws(
        () => checkOwnPrices(table),
        (thrown) =>
          thrown instanceof Failure &&
          thrown.code === "configuration" &&
          /prices of the model “a”/.test(thrown.message),
      );
    }
    assert.deepEqual(checkOwnPrices({ a: { input: 1, output: 0 } }), { a: { input: 1, output: 0 } });
  });
});
