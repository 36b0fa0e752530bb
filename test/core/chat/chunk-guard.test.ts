import assert from "node:assert/strict";
import fc from "fast-check";
import { readChunk } from "../../../src/core/chat/chunk-guard.js";
import { CompletionMachine } from "../../../src/core/chat/completion.js";
import { Failure } from "../../../src/core/failure.js";
import { FIXTURES } from "../../fixtures/index.js";
import { anyChunkLike, anyJson } from "../../support/inputs/arbitraries.js";
import { play } from "../../support/inputs/replay.js";

describe("Chunk on a message", () => {
  it("reads a chunk in the common form unchanged", () => {
    for (const fixture of FIXTURES) {
      for (const { chunk } of play(fixture, undefined, true).messages)
        assert.equal(readChunk(chunk), chunk, fixture.name);
    }
  });

  it("refuses a chunk that a flow has broken, and whatever it accepts can be added to a completion", () => {
    for (const none of [
      undefined,
      null,
      1,
      "x",
      [],
      {},
      { choices: {} },
      { choices: [1] },
      { choices: [{ index: 0 }] },
    ]) {
      assert.equal(readChunk(none), undefined, JSON.stringify(none));
    }
    const withDelta = (delta: unknown) => ({ choices: [{ index: 0, delta }] });
    for (const delta of [
      { content: 7 },
      { tool_calls: {} },
      { tool_calls: [null] },
      { tool_calls: [{}] },
      { tool_calls: [{ index: -1 }] },
      { tool_calls: [{ index: 0, function: "f" }] },
      { tool_calls: [{ index: 0, function: { name: 7 } }] },
      { audio: "x" },
      { images: {} },
    ]) {
      assert.equal(readChunk(withDelta(delta)), undefined, JSON.stringify(delta));
    }
    assert.equal(readChunk({ choices: [{ index: 0, delta: {}, finish_reason: {} }] }), undefined);
    assert.equal(readChunk({ choices: [{ index: -1, delta: {} }] }), undefined);
    fc.assert(
      fc.property(fc.oneof(anyJson, anyChunkLike), (value) => {
        const chunk = readChunk(value);
        if (!chunk) return;
        const machine = new CompletionMachine();
        try {
          machine.addChunk(chunk);
        } catch (thrown) {
          assert.ok(thrown instanceof Failure, String(thrown));
        }
        machine.buildCompletion("s");
        assert.equal(typeof machine.finishReason, "string");
      }),
      { numRuns: 2_000 },
    );
  });
});
