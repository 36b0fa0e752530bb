import assert from "node:assert/strict";
import { ERRORS } from "../fixtures/errors.js";
import { WPT } from "../fixtures/wpt.js";
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
} from "../support/inputs/fixtures.js";
import { play, recordsOf } from "../support/inputs/replay.js";
import {
  anyFixture,
  atEachPlace,
  contentOf,
  failsWith,
  playing,
  TEXTS,
  textsOf,
  WORDS,
} from "../support/worlds/playing.js";

describe("Faults of the protocol, record by record", () => {
  it("P04 an error in the stream ends it wherever it stands and whatever its form, with or without an end marker", () => {
    for (const error of ["text", { message: "m" }, [{ message: "m" }], {}]) {
      atEachPlace([{ error }], failsWith("server_error"));
      atEachPlace([{ error }, DONE], failsWith("server_error"));
    }
    atEachPlace([{ error: { message: "Rate limit reached" } }], failsWith("rate_limit"));
    atEachPlace([{ error: "invalid api key" }], failsWith("authentication"));
    atEachPlace([{ error: "request timed out" }], failsWith("timeout"));
    const named = (data: string) =>
      raw(`data: ${JSON.stringify(text("One"))}\n\nevent: error\ndata: ${data}\n\n`);
    for (const data of ['{"error":"x"}', '{"x":1}', "x", '"x"', "7"]) {
      failsWith("server_error", "One")(play(anyFixture(named(data))));
    }
    assert.ok(ERRORS.length > 30, "and the forms of the fixtures");
  });

  it("P05 a record that is not JSON is never passed over in silence, and never quoted", () => {
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

  it("P06 valid JSON of a wrong shape is a bad response", () => {
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

  it("P07 odd shapes that do no harm make no message", () => {
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
        textsOf(played).filter((said) => said !== ""),
        WORDS,
      );
    });
  });

  it("P08 marks, line ends, comments, ids and retries are the grammar's, cut anywhere", () => {
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

  it("P09 a last record that no blank line closes counts, and what is only its beginning does not", () => {
    const whole = sse(...TEXTS, finish());
    const end = whole.length - sse(finish()).length;
    for (let cut = end; cut <= whole.length; cut++) {
      const played = play(anyFixture(whole.subarray(0, cut)));
      const json = cut >= whole.length - 2;
      assert.equal(played.result.outcome, json ? "complete" : "failed", `cut at ${cut}`);
      if (!json) failsWith("interrupted", WORDS.join(""))(played);
    }
    const unclosed = play(anyFixture(raw(sse(ROLE).toString(), `data: ${JSON.stringify(text("last"))}`)));
    failsWith("interrupted", "last")(unclosed);
  });

  it("P10 bytes that are no UTF-8 become replacement characters, and the stream lives", () => {
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

  it("P11 a pair of surrogates in two deltas is one character in the whole", () => {
    const escaped = (half: string) => JSON.stringify(text("#")).replace("#", half);
    const played = playing(escaped("\\ud83d"), escaped("\\ude42"), finish(), DONE);
    assert.deepEqual(textsOf(played), ["\ud83d", "\ude42"]);
    assert.deepEqual(contentOf(played), ["🙂"]);
  });

  it("P12 ids that change and roles that are repeated change nothing", () => {
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
    assert.ok(played.told.every(({ chunk: told }) => told === undefined || told.id === "id-0"));
  });
});
