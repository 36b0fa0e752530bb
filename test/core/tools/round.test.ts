import assert from "node:assert/strict";
import fc from "fast-check";
import type { ToolCall } from "../../../src/core/chat/chunk.js";
import { ToolRound } from "../../../src/core/tools/round.js";

const call = (id: string): ToolCall => ({ id, type: "function", function: { name: "f", arguments: "{}" } });

describe("Tool round", () => {
  it("builds the same tool messages whatever the order of the answers, and keeps only the first answer to a call", () => {
    const anyRound = fc.array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(anyRound, fc.array(fc.nat(7), { maxLength: 30 }), (ids, order) => {
        const round = new ToolRound(ids.map(call), new Set(), 0);
        const keys = round.calls.map(({ id }) => id);
        assert.equal(new Set(keys).size, ids.length);
        const answered = new Set<string>();
        for (const nth of [...order.map((at) => at % ids.length), ...ids.keys()]) {
          const key = keys[nth]!;
          assert.equal(round.isComplete, answered.size === ids.length);
          const taken = round.answer(key, { text: `${key} ${answered.has(key)}`, failed: false }, 5);
          assert.equal(taken, !answered.has(key));
          answered.add(key);
        }
        assert.ok(round.isComplete);
        assert.deepEqual(
          round.buildMessages(),
          ids.map((id, nth) => ({ role: "tool", tool_call_id: id, content: `${keys[nth]} false` })),
        );
      }),
    );
  });

  it("gives calls new ids if an earlier call of the run has the same id", () => {
    const taken = new Set<string>();
    for (const expected of [["a", "a~2"], ["a~3", "b"], ["b~2"]]) {
      const round = new ToolRound(
        expected.map((id) => call(id.slice(0, 1))),
        taken,
        0,
      );
      assert.deepEqual(
        round.calls.map(({ id }) => id),
        expected,
      );
    }
  });

  it("reports the outcome of each call, and calls without an answer as cancelled", () => {
    const round = new ToolRound([call("a"), call("b"), call("c")], new Set(), 100);
    round.answer("b", { text: "x", failed: true }, 150.4);
    assert.deepEqual(
      round.buildReports().map(({ outcome, durationMs }) => [outcome, durationMs]),
      [
        ["cancelled", 0],
        ["failed", 50],
        ["cancelled", 0],
      ],
    );
    round.answerRest({ text: "late", failed: true }, 200, "timed_out");
    assert.deepEqual(
      round.buildReports().map(({ outcome }) => outcome),
      ["timed_out", "failed", "timed_out"],
    );
    assert.equal(round.answer("nobody", { text: "", failed: false }, 0), false);
  });
});
