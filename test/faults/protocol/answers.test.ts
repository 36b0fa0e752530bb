import assert from "node:assert/strict";
import fc from "fast-check";
import { normaliseFinishReason, readFinishFault } from "../../../src/core/chat/finish-reason.js";
import type { FailureCode } from "../../../src/core/failure.js";
import { TOOL_CALLS } from "../../fixtures/tool-calls.js";
import { type Answer, RENDERERS } from "../../support/inputs/any-dialect.js";
import { anyText } from "../../support/inputs/arbitraries.js";
import {
  buildChunk,
  buildFinishChunk,
  buildTextChunk,
  buildUsageChunk,
  DONE_RECORD,
  FIXTURE_USAGE,
  ROLE_CHUNK,
} from "../../support/inputs/openai-chunks.js";
import { play } from "../../support/inputs/replay.js";
import {
  collectContents,
  collectTexts,
  createFixture,
  expectFailure,
  FOUR_WORDS,
  playAtEachPlace,
  playRecords,
  WORD_CHUNKS,
} from "../../support/worlds/played-answer.js";

describe("Answer with a fault of the protocol", () => {
  it("P13: makes one call of the pieces of each tool call, in every form that services send", () => {
    for (const { body, tools, expect } of TOOL_CALLS) {
      const { result } = play(createFixture(body, tools ? { tools } : {}));
      const expected = expect.choices?.map(({ message }) => message?.tool_calls?.length);
      if (expected)
        assert.deepEqual(
          result.completion.choices.map(({ message }) => message.tool_calls?.length),
          expected,
        );
    }
  });

  it("P14: fails on an impossible index of a choice or tool call and stores nothing for it", () => {
    const impossible: [unknown, FailureCode][] = [
      [-1, "bad_response"],
      [1.5, "bad_response"],
      ["__proto__", "bad_response"],
      ["constructor", "bad_response"],
      [[], "bad_response"],
      [true, "bad_response"],
      [1e9, "limit"],
      [128, "limit"],
      ["4294967295", "limit"],
    ];
    for (const [index, code] of impossible) {
      playAtEachPlace([buildTextChunk("x", { index })], expectFailure(code));
      playAtEachPlace(
        [buildChunk({ tool_calls: [{ index, function: { name: "f" } }] })],
        expectFailure(code),
      );
    }
    playAtEachPlace([buildTextChunk("x", { index: 127 })], ({ result }) => {
      assert.deepEqual(result.completion.choices.map(({ index }) => index).at(-1), 127);
      assert.equal(result.completion.choices.length, result.completion.choices.filter(Boolean).length);
    });
    assert.deepEqual(Object.keys(Object.prototype), []);
  });

  it("P15: separates interleaved answers by their choice", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(3), anyText), { maxLength: 20 }), (pieces) => {
        const played = playRecords(
          ...pieces.map(([index, content]) => buildTextChunk(content, { index })),
          DONE_RECORD,
        );
        for (const { index, message } of played.result.completion.choices) {
          const expected = pieces.filter(([at]) => at === index).map(([, content]) => content);
          assert.equal(message.content, expected.join(""));
        }
        assert.equal(
          collectTexts(played).join(""),
          pieces
            .filter(([at]) => at === 0)
            .map(([, content]) => content)
            .join(""),
        );
      }),
      { numRuns: 100 },
    );
  });

  it("P16: keeps an unknown finish reason in the vendor's word, and fails on a finish reason that means a fault", () => {
    const played = playRecords(
      ...WORD_CHUNKS,
      buildFinishChunk("moon_phase", { native_finish_reason: "x" }),
      DONE_RECORD,
    );
    assert.equal(played.result.outcome, "complete");
    assert.equal(played.result.finishReason, "moon_phase");
    assert.equal(played.result.completion.choices[0]!.finish_reason, "moon_phase");
    assert.equal(normaliseFinishReason("moon_phase"), "moon_phase");

    const broken = playRecords(...WORD_CHUNKS, buildFinishChunk("error"), DONE_RECORD);
    expectFailure("server_error", FOUR_WORDS.join(""))(broken);
    assert.equal(broken.result.failure!.retryable, true);
    assert.ok(readFinishFault("insufficient_system_resource"));
  });

  it("P17: completes with the finish reason unknown at an end marker without a finish reason", () => {
    const played = playRecords(...WORD_CHUNKS, DONE_RECORD);
    assert.equal(played.result.outcome, "complete");
    assert.equal(played.result.finishReason, "unknown");
    assert.equal(played.result.completion.choices[0]!.finish_reason, null);
  });

  it("P18: adds text that follows the finish reason, and ignores whatever follows the end marker", () => {
    const late = playRecords(
      buildTextChunk("a"),
      buildFinishChunk(),
      buildTextChunk("b"),
      buildUsageChunk(FIXTURE_USAGE),
      DONE_RECORD,
    );
    assert.deepEqual(collectContents(late), ["ab"]);
    for (const record of [
      buildTextChunk("c"),
      { error: "late" },
      "garbage",
      buildUsageChunk({ total_tokens: 99 }),
      DONE_RECORD,
    ]) {
      const after = playRecords(
        buildTextChunk("a"),
        buildFinishChunk(),
        buildUsageChunk(FIXTURE_USAGE),
        DONE_RECORD,
        record,
      );
      assert.equal(after.result.outcome, "complete");
      assert.deepEqual(collectContents(after), ["a"]);
      assert.deepEqual(after.result.completion.usage, FIXTURE_USAGE);
    }
  });

  it("P19: takes the last usage if several come, and adds none up", () => {
    const growing = WORD_CHUNKS.map((_record, at) =>
      buildTextChunk(FOUR_WORDS[at]!, {}, { usage: { completion_tokens: at + 1, total_tokens: at + 6 } }),
    );
    const played = playRecords(
      ...growing,
      buildFinishChunk(),
      buildUsageChunk({ completion_tokens: 4, total_tokens: 9 }),
      buildUsageChunk(FIXTURE_USAGE),
      DONE_RECORD,
    );
    assert.deepEqual(played.result.completion.usage, FIXTURE_USAGE);
    assert.deepEqual(playRecords(...growing, buildFinishChunk(), DONE_RECORD).result.completion.usage, {
      completion_tokens: 4,
      total_tokens: 9,
    });
  });

  it("P21: sends no message for roles and empty texts, so that a failure after them is still in the first-chunk phase", () => {
    const empty = [
      ROLE_CHUNK,
      buildChunk({ role: "assistant", content: null }),
      buildTextChunk(""),
      buildChunk({}),
      buildUsageChunk(FIXTURE_USAGE),
    ];
    const { messages, result } = playRecords(...empty, { error: "overloaded" });
    assert.deepEqual(messages, []);
    assert.equal(result.failure?.phase, "first_chunk");
    assert.equal(result.stats.chunks, 0);
    assert.equal(result.stats.firstTokenMs, null);
    assert.equal(
      playRecords(...empty, buildTextChunk("a"), { error: "overloaded" }).result.failure?.phase,
      "streaming",
    );
  });

  it("P23: recognises the records of every dialect by their shape", () => {
    const answer: Answer = {
      reasoning: [],
      texts: FOUR_WORDS,
      calls: [],
      finishReason: "stop",
      usage: { input: 5, output: 2 },
    };
    for (const [dialect, render] of Object.entries(RENDERERS)) {
      const played = play({ name: dialect, expect: { texts: [] }, ...render(answer, [1]) });
      assert.deepEqual([played.result.outcome, played.result.skipped], ["complete", 0], dialect);
      assert.deepEqual(collectTexts(played), FOUR_WORDS, dialect);
    }
  });

  it("P23: skips and counts records of an unknown shape", () => {
    const foreign = [
      { type: "session.created", session: { id: "sess_1" } },
      { type: "session.text.delta", delta: "Hi" },
    ];
    playAtEachPlace(foreign, (played) => {
      assert.equal(played.result.outcome, "complete");
      assert.deepEqual(collectTexts(played), FOUR_WORDS);
      assert.equal(played.result.skipped, foreign.length);
      assert.equal(played.result.completion["type"], undefined);
    });
  });
});
