import assert from "node:assert/strict";
import fc from "fast-check";
import { type PaidRetry, RetryBudget } from "../../../src/core/retry/retry-budget.js";

/** Spends all tokens. */
function drain(budget: RetryBudget): PaidRetry[] {
  const paid: PaidRetry[] = [];
  for (let one = budget.spend(); one; one = budget.spend()) paid.push(one);
  return paid;
}

describe("Retry budget", () => {
  it("allows ten retries and no more while nothing is answered", () => {
    const budget = new RetryBudget();
    const paid = drain(budget);
    assert.equal(paid.length, 10);
    assert.equal(budget.runningRetries, 10);
    for (const one of paid) one.report("failed");
    assert.equal(budget.runningRetries, 0);
    assert.equal(budget.spend(), undefined);
  });

  it("earns a retry with ten answers", () => {
    const budget = new RetryBudget();
    drain(budget);
    for (let answers = 0; answers < 9; answers++) budget.addAnswer();
    assert.equal(budget.spend(), undefined);
    budget.addAnswer();
    assert.ok(budget.spend());
  });

  it("earns two retries with a retry that is answered", () => {
    const budget = new RetryBudget();
    let paid = drain(budget);
    for (const expected of [20, 40, 80]) {
      for (const one of paid) one.report("answered");
      paid = drain(budget);
      assert.equal(paid.length, expected);
    }
  });

  it("saves up at most a hundred retries", () => {
    const budget = new RetryBudget();
    for (let answers = 0; answers < 100_000; answers++) budget.addAnswer();
    assert.equal(drain(budget).length, 100);
  });

  it("counts only the first report of a retry", () => {
    const budget = new RetryBudget();
    const [one] = drain(budget);
    one!.report("failed");
    one!.report("answered");
    one!.report("failed");
    assert.equal(budget.runningRetries, 9);
    assert.equal(budget.spend(), undefined);
  });

  it("gives back the price of a retry that the service never saw", () => {
    const budget = new RetryBudget();
    const paid = Array.from({ length: 10 }, () => budget.spend()!);
    for (const one of paid) one.report("unused");
    assert.equal(budget.runningRetries, 0);
    assert.equal(Array.from({ length: 11 }, () => budget.spend()).filter(Boolean).length, 10);
  });

  it("never allows more retries than ten, plus a tenth of the answers, plus two for each answered retry", () => {
    const act = fc.constantFrom("ask", "well", "badly", "answer");
    fc.assert(
      fc.property(fc.array(act, { maxLength: 400 }), (acts) => {
        const budget = new RetryBudget();
        const out: PaidRetry[] = [];
        let [retries, answeredRetries, answers] = [0, 0, 0];
        for (const one of acts) {
          if (one === "ask") {
            const paid = budget.spend();
            if (!paid) continue;
            retries++;
            out.push(paid);
          } else if (one === "answer") {
            answers++;
            budget.addAnswer();
          } else if (out.length > 0) {
            if (one === "well") answeredRetries++;
            out.shift()!.report(one === "well" ? "answered" : "failed");
          }
          assert.equal(budget.runningRetries, out.length);
          assert.ok(retries <= 10 + answers / 10 + 2 * answeredRetries);
        }
      }),
    );
  });
});
