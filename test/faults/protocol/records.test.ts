import assert from "node:assert/strict";
import { ERRORS } from "../../fixtures/errors.js";
import { WPT } from "../../fixtures/wpt.js";
import {
  chunk,
  counted,
  DONE,
  finish,
  HEAD,
  ROLE,
  raw,
  sse,
  text,
  USAGE,
} from "../../support/inputs/fixtures.js";
import { play, recordsOf } from "../../support/inputs/replay.js";
import {
  anyFixture,
  atEachPlace,
  contentOf,
  failsWith,
  playing,
  TEXTS,
  textsOf,
  WORDS,
} from "../../support/worlds/played-answer.js";

describe("Record with a fault of the protocol", () => {
  it("P04: ends the stream at an error record of any form in any place, with or without an end marker", () => {
    for (const error of ["text", { message: "m" }, [{ message: "m" }], {}]) {
      atEachPlace([{ error }], failsWith("server_error"));
      atEachPlace([{ error }, DONE], failsWith("server_error"));
    }
    atEachPlace([{ error: { message: "Rate limit reached" } }], failsWith("rate_limit"));
    atEachPlace([{ error: "invalid api key" }], failsWith("authentication"));
    atEachPlace([{ error: "request timed out" }], failsWith("timeout"));
    const endWithErrorEvent = (data: string) =>
      raw(`data: ${JSON.stringify(text("One"))}\n\nevent: error\ndata: ${data}\n\n`);
    for (const data of ['{"error":"x"}', '{"x":1}', "x", '"x"', "7"]) {
      failsWith("server_error", "One")(play(anyFixture(endWithErrorEvent(data))));
    }
    assert.ok(ERRORS.length > 30, "the fixtures test more forms");
  });

  it("P05: fails on a record that is not JSON without quoting it, or counts it as skipped if the request is tolerant", () => {
    for (const bad of ['{"secret-text', "secret-text", '{"a":"secret-text",}']) {
      atEachPlace([bad], (played, before) => {
        failsWith("bad_response", before)(played);
        assert.doesNotMatch(played.result.failure!.message + played.result.failure!.stack, /secret-text/);
      });
      atEachPlace(
        [bad],
        (played) => {
          assert.equal(played.result.failure, undefined);
          assert.equal(played.result.skipped, 1);
          assert.deepEqual(contentOf(played), [WORDS.join("")]);
        },
        { tolerant: true },
      );
    }
  });

  it("P06: fails with bad_response on valid JSON of a wrong shape", () => {
    const wrong = [
      7,
      null,
      "text",
      [],
      [1],
      { choices: "x" },
      { choices: 7 },
      { choices: {} },
      { choices: [null] },
    ];
    for (const record of [
      ...wrong,
      { choices: [7] },
      { choices: [{ delta: "x" }] },
      { choices: [{ delta: [] }] },
    ]) {
      atEachPlace([JSON.stringify(record)], failsWith("bad_response"));
    }
  });

  it("P07: sends no message for a harmless record of an odd shape", () => {
    const harmless = [
      { ...HEAD, choices: [] },
      { ...HEAD },
      { ...HEAD, choices: null, usage: null },
      counted(USAGE),
      chunk(null),
      chunk({ content: null }),
      chunk({ content: "", role: null, tool_calls: null }),
      { ...HEAD, choices: [{ index: 0, content_filter_results: { hate: { filtered: false } } }] },
      { choices: [], prompt_filter_results: [{ prompt_index: 0 }] },
      ": a comment as data",
      "",
    ];
    for (const record of harmless) {
      atEachPlace([record], (played) => {
        assert.equal(played.result.outcome, "complete");
        assert.deepEqual(textsOf(played), WORDS);
      });
    }
    atEachPlace([{ ...HEAD, choices: [], citations: ["u"] }], (played) => {
      assert.deepEqual(
        textsOf(played).filter((content) => content !== ""),
        WORDS,
      );
    });
  });

  it("P08: reads the same records from events with marks, comments, ids and retry fields, wherever the bytes are cut", () => {
    for (const { body, name } of WPT) {
      const whole = recordsOf([body]);
      for (let at = 1; at < Math.min(body.length, 200); at++) {
        assert.deepEqual(
          recordsOf([body.subarray(0, at), body.subarray(at)]),
          whole,
          `${name}, cut at ${at}`,
        );
      }
    }
  });

  it("P09: counts a last record without its blank line, but not an incomplete one", () => {
    const whole = sse(...TEXTS, finish());
    const end = whole.length - sse(finish()).length;
    for (let cut = end; cut <= whole.length; cut++) {
      const played = play(anyFixture(whole.subarray(0, cut)));
      const isWholeJson = cut >= whole.length - 2;
      assert.equal(played.result.outcome, isWholeJson ? "complete" : "failed", `cut at ${cut}`);
      if (!isWholeJson) failsWith("interrupted", WORDS.join(""))(played);
    }
    const unclosed = play(anyFixture(raw(sse(ROLE).toString(), `data: ${JSON.stringify(text("last"))}`)));
    failsWith("interrupted", "last")(unclosed);
  });

  it("P10: replaces invalid UTF-8 by replacement characters and goes on with the stream", () => {
    const [before, after] = JSON.stringify(text("a#b")).split("#");
    for (const bytes of [[0xff], [0xc3], [0xe6, 0xb0], [0xed, 0xa0, 0x80]]) {
      const body = Buffer.concat([
        raw(`data: ${before}`),
        Buffer.from(bytes),
        raw(`${after}\n\n`),
        sse(text("c"), DONE),
      ]);
      const played = play(anyFixture(body));
      assert.equal(played.result.outcome, "complete");
      assert.match(played.told[0]!.text, /^a\uFFFD+b$/);
      assert.equal(played.told[1]!.text, "c");
    }
  });

  it("P11: joins a surrogate pair from two deltas to one character in the completion", () => {
    const writeEscaped = (half: string) => JSON.stringify(text("#")).replace("#", half);
    const played = playing(writeEscaped("\\ud83d"), writeEscaped("\\ude42"), finish(), DONE);
    assert.deepEqual(textsOf(played), ["\ud83d", "\ude42"]);
    assert.deepEqual(contentOf(played), ["🙂"]);
  });

  it("P12: keeps the first id if ids change, and ignores repeated roles", () => {
    const records = WORDS.map((content, at) =>
      chunk({ role: "assistant", content }, {}, { id: `id-${at}`, created: at + 1 }),
    );
    const played = playing(
      ...records,
      chunk({ reasoning: "x" }, {}, { id: "late" }),
      finish("stop", { id: "end" }),
      DONE,
    );
    assert.deepEqual(contentOf(played), [WORDS.join("")]);
    assert.equal(played.result.completion.id, "id-0");
    assert.ok(played.told.every((message) => message.chunk === undefined || message.chunk.id === "id-0"));
  });
});
