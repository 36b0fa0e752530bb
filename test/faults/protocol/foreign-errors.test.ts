import assert from "node:assert/strict";
import { FOREIGN_ERRORS, NO_ERRORS, UNKNOWN_PATHS } from "../../support/inputs/foreign-errors.js";
import { buildFinishChunk, buildTextChunk, DONE_RECORD } from "../../support/inputs/openai-chunks.js";
import {
  expectFailure,
  FOUR_WORDS,
  playAtEachPlace,
  playRecords,
} from "../../support/worlds/played-answer.js";

/** An error in a choice, in several forms. */
const CHOICE_ERRORS: readonly object[] = [
  { error: { code: 429, message: "Slow down please" } },
  { error: "Slow down please: rate limit" },
  { error: { status: 429, msg: "Slow down please" } },
  { errors: [{ code: 429, message: "Slow down please" }] },
  { error: { type: "rate_limit_error", message: "Slow down please" } },
  { code: 429, message: "Slow down please" },
  { error_code: 429, error_message: "Slow down please" },
];

describe("Error that a service reports in a form of its own", () => {
  it("P29: ends the stream with the service's words and the fitting code, whatever the fields are called", () => {
    for (const [record, code, words] of FOREIGN_ERRORS) {
      const check = (played: Parameters<ReturnType<typeof expectFailure>>[0], before: string) => {
        expectFailure(code, before)(played);
        assert.ok(played.result.failure!.message.includes(words), played.result.failure!.message);
      };
      playAtEachPlace([record], check);
      playAtEachPlace([record, DONE_RECORD], check);
    }
  });

  it("P29: fails on such an error beside a piece of the answer, and keeps the piece", () => {
    for (const fields of [
      { success: false, msg: "it broke" },
      { code: 500, message: "it broke" },
      { error_message: "it broke", status: "failed" },
      { errors: [{ message: "it broke" }] },
    ]) {
      expectFailure("server_error", "One")(playRecords({ ...buildTextChunk("One"), ...fields }));
    }
  });

  it("P29: goes on at a record or a piece whose fields of errors report none", () => {
    for (const record of NO_ERRORS) {
      playAtEachPlace([record], ({ result }) => {
        assert.equal(result.failure?.message, undefined);
        assert.equal(result.completion.choices[0]?.message.content, FOUR_WORDS.join(""));
      });
      const beside = { ...record, ...buildTextChunk("One") };
      const { result } = playRecords(beside, buildFinishChunk(), DONE_RECORD);
      assert.equal(result.failure?.message, undefined, JSON.stringify(beside));
    }
  });

  it("P30: fails on an error in a choice, whatever its form, place and finish reason, and keeps the text", () => {
    for (const fields of CHOICE_ERRORS) {
      for (const reason of [null, "error", "stop", "length"]) {
        const choice = { index: 0, delta: { content: "" }, finish_reason: reason };
        const records = [{ choices: [{ ...choice, ...fields }] }];
        if ("error" in fields || "errors" in fields)
          records.push({ choices: [{ ...choice, delta: { content: "", ...fields } }] });
        for (const record of records) {
          const played = playRecords(buildTextChunk("One"), record, DONE_RECORD);
          expectFailure("rate_limit", "One")(played);
          assert.match(played.result.failure!.message, /Slow down please/);
        }
      }
    }
    for (const error of [null, "", {}, { code: 0, message: "" }]) {
      const end = { choices: [{ index: 0, delta: {}, finish_reason: "stop", error }] };
      assert.equal(playRecords(buildTextChunk("One"), end, DONE_RECORD).result.failure, undefined);
    }
  });

  it("P31: reports a path that does not exist as not_found with advice about the base URL, also with status 200", () => {
    for (const record of UNKNOWN_PATHS) {
      const { failure } = playRecords(record).result;
      assert.deepEqual([failure?.code, failure?.retryable], ["not_found", false], JSON.stringify(record));
      assert.match(failure!.message, /base URL/);
    }
  });
});
