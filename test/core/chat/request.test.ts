import assert from "node:assert/strict";
import fc from "fast-check";
import { readChunk } from "../../../src/core/chat/chunk-guard.js";
import { CompletionMachine } from "../../../src/core/chat/completion.js";
import { type ChatRequest, checkRequest, cleanParameters } from "../../../src/core/chat/request.js";
import { Failure } from "../../../src/core/failure.js";
import { FIXTURES } from "../../fixtures/index.js";
import { anyChunkLike, anyJson } from "../../support/inputs/arbitraries.js";
import { play } from "../../support/inputs/replay.js";

const GOOD: ChatRequest = { model: "m", messages: [{ role: "user", content: "hi" }] };

describe("A request", () => {
  it("with model and messages is good", () => {
    checkRequest(GOOD);
    checkRequest({ ...GOOD, tools: [] });
  });

  it("that lacks something is refused, saying what", () => {
    const rows: [object, RegExp][] = [
      [{ model: "" }, /model/],
      [{ model: "  " }, /model/],
      [{ model: undefined }, /model/],
      [{ messages: [] }, /empty/],
      [{ messages: "hi" }, /empty/],
      [{ messages: [{ role: "user" }, { content: "x" }] }, /Message 1/],
      [{ messages: [null] }, /Message 0/],
      [{ messages: [{ role: "" }] }, /Message 0/],
      [{ tools: {} }, /msg\.tools/],
    ];
    for (const [change, says] of rows) {
      assert.throws(
        () => checkRequest({ ...GOOD, ...change } as ChatRequest),
        (thrown) =>
          thrown instanceof Failure && thrown.code === "invalid_request" && says.test(thrown.message),
        JSON.stringify(change),
      );
    }
  });

  it("has the author's parameters, but for those that are none or not his", () => {
    assert.deepEqual(
      cleanParameters({
        temperature: 0,
        stop: "",
        n: null,
        top_p: undefined,
        stream: false,
        model: "x",
        messages: 1,
        tools: 2,
      }),
      { temperature: 0, stop: "" },
    );
    assert.deepEqual(cleanParameters(), {});
  });
});

describe("A chunk on a message", () => {
  it("is taken as it is where it is one", () => {
    for (const fixture of FIXTURES) {
      for (const { chunk } of play(fixture, undefined, true).told)
        assert.equal(readChunk(chunk), chunk, fixture.name);
    }
  });

  it("is none where a flow has made something else of it, and whatever passes can be added", () => {
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
