import assert from "node:assert/strict";
import { ERRORS } from "../../fixtures/errors.js";
import { WPT } from "../../fixtures/wpt.js";
import {
  buildChunk,
  buildFinishChunk,
  buildTextChunk,
  buildUsageChunk,
  CHUNK_HEAD,
  DONE_RECORD,
  encodeText,
  FIXTURE_USAGE,
  formatEventStream,
  ROLE_CHUNK,
} from "../../support/inputs/openai-chunks.js";
import { play, readRecords } from "../../support/inputs/replay.js";
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

describe("Record with a fault of the protocol", () => {
  it("P04: ends the stream at an error record of any form in any place, with or without an end marker", () => {
    for (const error of ["text", { message: "m" }, [{ message: "m" }], {}]) {
      playAtEachPlace([{ error }], expectFailure("server_error"));
      playAtEachPlace([{ error }, DONE_RECORD], expectFailure("server_error"));
    }
    playAtEachPlace([{ error: { message: "Rate limit reached" } }], expectFailure("rate_limit"));
    playAtEachPlace([{ error: "invalid api key" }], expectFailure("authentication"));
    playAtEachPlace([{ error: "request timed out" }], expectFailure("timeout"));
    const endWithErrorEvent = (data: string) =>
      encodeText(`data: ${JSON.stringify(buildTextChunk("One"))}\n\nevent: error\ndata: ${data}\n\n`);
    for (const data of ['{"error":"x"}', '{"x":1}', "x", '"x"', "7"]) {
      expectFailure("server_error", "One")(play(createFixture(endWithErrorEvent(data))));
    }
    assert.ok(ERRORS.length > 30, "the fixtures test more forms");
  });

  it("P05: fails on a record that is not JSON without quoting it, or counts it as skipped if the request is tolerant", () => {
    for (const bad of ['{"secret-text', "secret-text", '{"a":"secret-text",}']) {
      playAtEachPlace([bad], (played, before) => {
        expectFailure("bad_response", before)(played);
        assert.doesNotMatch(played.result.failure!.message + played.result.failure!.stack, /secret-text/);
      });
      playAtEachPlace(
        [bad],
        (played) => {
          assert.equal(played.result.failure, undefined);
          assert.equal(played.result.skipped, 1);
          assert.deepEqual(collectContents(played), [FOUR_WORDS.join("")]);
        },
        { tolerant: true },
      );
    }
  });

  it("P06: fails with bad_response on valid JSON of a wrong shape", () => {
    const wrong = [7, "text", [1], { choices: "x" }, { choices: 7 }, { choices: {} }, { choices: [null] }];
    for (const record of [
      ...wrong,
      { choices: [7] },
      { choices: [{ delta: "x" }] },
      { choices: [{ delta: [] }] },
    ]) {
      playAtEachPlace([JSON.stringify(record)], expectFailure("bad_response"));
    }
  });

  it("P07: sends no message for a harmless record of an odd shape", () => {
    const harmless = [
      { ...CHUNK_HEAD, choices: [] },
      { ...CHUNK_HEAD },
      { ...CHUNK_HEAD, choices: null, usage: null },
      buildUsageChunk(FIXTURE_USAGE),
      buildChunk(null),
      buildChunk({ content: null }),
      buildChunk({ content: "", role: null, tool_calls: null }),
      { ...CHUNK_HEAD, choices: [{ index: 0, content_filter_results: { hate: { filtered: false } } }] },
      { choices: [], prompt_filter_results: [{ prompt_index: 0 }] },
      ": a comment as data",
      "",
      "null",
      "[]",
      "{}",
    ];
    for (const record of harmless) {
      playAtEachPlace([record], (played) => {
        assert.equal(played.result.outcome, "complete");
        assert.deepEqual(collectTexts(played), FOUR_WORDS);
      });
    }
    playAtEachPlace([{ ...CHUNK_HEAD, choices: [], citations: ["u"] }], (played) => {
      assert.deepEqual(
        collectTexts(played).filter((content) => content !== ""),
        FOUR_WORDS,
      );
    });
  });

  it("P08: reads the same records from events with marks, comments, ids and retry fields, wherever the bytes are cut", () => {
    for (const { body, name } of WPT) {
      const whole = readRecords([body]);
      for (let at = 1; at < Math.min(body.length, 200); at++) {
        assert.deepEqual(
          readRecords([body.subarray(0, at), body.subarray(at)]),
          whole,
          `${name}, cut at ${at}`,
        );
      }
    }
  });

  it("P09: counts a last record without its blank line, but not an incomplete one", () => {
    const whole = formatEventStream(...WORD_CHUNKS, buildFinishChunk());
    const end = whole.length - formatEventStream(buildFinishChunk()).length;
    for (let cut = end; cut <= whole.length; cut++) {
      const played = play(createFixture(whole.subarray(0, cut)));
      const isWholeJson = cut >= whole.length - 2;
      assert.equal(played.result.outcome, isWholeJson ? "complete" : "failed", `cut at ${cut}`);
      if (!isWholeJson) expectFailure("interrupted", FOUR_WORDS.join(""))(played);
    }
    const unclosed = play(
      createFixture(
        encodeText(
          formatEventStream(ROLE_CHUNK).toString(),
          `data: ${JSON.stringify(buildTextChunk("last"))}`,
        ),
      ),
    );
    expectFailure("interrupted", "last")(unclosed);
  });

  it("P10: replaces invalid UTF-8 by replacement characters and goes on with the stream", () => {
    const [before, after] = JSON.stringify(buildTextChunk("a#b")).split("#");
    for (const bytes of [[0xff], [0xc3], [0xe6, 0xb0], [0xed, 0xa0, 0x80]]) {
      const body = Buffer.concat([
        encodeText(`data: ${before}`),
        Buffer.from(bytes),
        encodeText(`${after}\n\n`),
        formatEventStream(buildTextChunk("c"), DONE_RECORD),
      ]);
      const played = play(createFixture(body));
      assert.equal(played.result.outcome, "complete");
      assert.match(played.messages[0]!.text, /^a\uFFFD+b$/);
      assert.equal(played.messages[1]!.text, "c");
    }
  });

  it("P11: joins a surrogate pair from two deltas to one character in the completion", () => {
    const writeEscaped = (half: string) => JSON.stringify(buildTextChunk("#")).replace("#", half);
    const played = playRecords(
      writeEscaped("\\ud83d"),
      writeEscaped("\\ude42"),
      buildFinishChunk(),
      DONE_RECORD,
    );
    assert.deepEqual(collectTexts(played), ["\ud83d", "\ude42"]);
    assert.deepEqual(collectContents(played), ["🙂"]);
  });

  it("P12: keeps the first id if ids change, and ignores repeated roles", () => {
    const records = FOUR_WORDS.map((content, at) =>
      buildChunk({ role: "assistant", content }, {}, { id: `id-${at}`, created: at + 1 }),
    );
    const played = playRecords(
      ...records,
      buildChunk({ reasoning: "x" }, {}, { id: "late" }),
      buildFinishChunk("stop", { id: "end" }),
      DONE_RECORD,
    );
    assert.deepEqual(collectContents(played), [FOUR_WORDS.join("")]);
    assert.equal(played.result.completion.id, "id-0");
    assert.ok(played.messages.every((message) => message.chunk === undefined || message.chunk.id === "id-0"));
  });
});
