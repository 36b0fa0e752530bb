import assert from "node:assert/strict";
import { FOREIGN_ERRORS, NO_ERRORS, UNKNOWN_PATHS } from "../../support/inputs/foreign-errors.js";
import { DONE_RECORD, formatEventStream } from "../../support/inputs/openai-chunks.js";
import { type PlayedStream, play } from "../../support/inputs/replay.js";
import { guardEachTest } from "../../support/runtime/guards.js";
import { startChaosServer } from "../../support/services/chaos-server.js";
import { buildMessageEvents, buildStream, type WireEvent } from "../../support/services/responses-records.js";
import { createFixture, expectFailure, FOUR_WORDS } from "../../support/worlds/played-answer.js";
import { ask } from "../../support/worlds/started-stream.js";

const STREAM = buildStream(buildMessageEvents(FOUR_WORDS));
const TEXT = FOUR_WORDS.join("");

/** Plays the four words with records inserted, once at each place. @param check gets the text before them */
function playAtEachPlace(
  inserted: readonly unknown[],
  check: (played: PlayedStream, before: string) => void,
): void {
  for (let place = 0; place < STREAM.length; place++) {
    const before = STREAM.slice(0, place);
    const records = [...before, ...inserted, ...STREAM.slice(place)];
    const isText = ({ type }: WireEvent) => type === "response.output_text.delta";
    const text = before.filter(isText).map(({ delta }) => delta);
    check(play(createFixture(formatEventStream(...records))), text.join(""));
  }
}

describe("Error that a service reports in a form of its own between events of Responses", () => {
  guardEachTest();

  it("P29: ends the stream with the service's words and the fitting code, whatever the fields are called", () => {
    for (const [record, code, words] of FOREIGN_ERRORS) {
      const check = (played: PlayedStream, before: string) => {
        expectFailure(code, before)(played);
        assert.ok(played.result.failure!.message.includes(words), played.result.failure!.message);
      };
      playAtEachPlace([record], check);
      playAtEachPlace([record, DONE_RECORD], check);
    }
  });

  it("P29: fails on such an error beside a delta", () => {
    const [delta] = buildMessageEvents(["One"]).slice(2);
    for (const fields of [
      { success: false, msg: "it broke" },
      { code: 500, message: "it broke" },
      { error_message: "it broke", status: "failed" },
      { errors: [{ message: "it broke" }] },
    ])
      playAtEachPlace([{ ...delta, ...fields }], expectFailure("server_error"));
  });

  it("P29: goes on at a record or an event whose fields of errors report none", () => {
    // A piece of Chat Completions would be an answer in the other form.
    for (const record of NO_ERRORS.filter((fields) => !("choices" in fields))) {
      const check = ({ result }: PlayedStream) => {
        assert.equal(result.failure?.message, undefined, JSON.stringify(record));
        assert.equal(result.completion.choices[0]?.message.content, TEXT);
      };
      playAtEachPlace([record], check);
      const beside = STREAM.map((event) => ({ ...record, ...event }));
      check(play(createFixture(formatEventStream(...beside))));
    }
  });

  it("P31: reports a path that does not exist as not_found, with advice about the base URL and the form", async () => {
    const bodies = UNKNOWN_PATHS.map((record) => formatEventStream(record));
    await using server = await startChaosServer((peer, at) =>
      peer.respond(200, { "content-type": "text/event-stream" }, bodies[at]!),
    );
    for (const record of UNKNOWN_PATHS) {
      const failure = (await ask(server, { api: "responses" })).result.failure!;
      assert.deepEqual([failure.code, failure.retryable, failure.phase], ["not_found", false, "first_chunk"]);
      const { message } = failure;
      assert.match(message, /“baseUrl”/, JSON.stringify(record));
      assert.match(message, /option “api” to “chat”/, JSON.stringify(record));
    }
  });
});
