import assert from "node:assert/strict";
import { buildSetup } from "../../../src/chat-options.js";
import { buildEmptyResult, type ResumePoint } from "../../../src/client/chat-types.js";
import { BackgroundAnswers } from "../../../src/node-red/chat-provider/background-answers.js";

const SETUP = buildSetup({ provider: "demo", model: "demo", messages: "hi", baseUrl: "http://demo" }, false);
const MEBI = 1024 * 1024;

/** Remembers that the stream of an answer broke. */
function breakStream(answers: BackgroundAnswers, id: string, chars = 100): ResumePoint {
  const resume = { id, after: 3, read: { records: ["x".repeat(chars)], latest: 3 } };
  const watch = answers.watch({ ...SETUP, id: `stream of ${id}` }, () => {});
  watch({ ...buildEmptyResult("failed"), resume });
  return { id, after: 3 };
}

describe("Memory of answers that go on at their service", () => {
  it("gives what was read of an answer to the stream that takes it up, once", () => {
    const answers = new BackgroundAnswers();
    const place = breakStream(answers, "resp_1");
    assert.equal(answers.take(place)?.read?.latest, 3);
    assert.deepEqual(answers.take(place), place);
  });

  it("gives nothing to a stream that takes the answer up elsewhere, or without a place", () => {
    const answers = new BackgroundAnswers();
    breakStream(answers, "resp_1");
    assert.deepEqual(answers.take({ id: "resp_1", after: 2 }), { id: "resp_1", after: 2 });
    assert.equal(answers.take(undefined), undefined);
  });

  it("forgets what was read of the oldest answers if it is too much, and not where they broke", () => {
    const answers = new BackgroundAnswers();
    const places = Array.from({ length: 20 }, (_, at) => breakStream(answers, `resp_${at}`, MEBI));
    const taken = places.map((place) => answers.take(place));
    assert.deepEqual(
      taken.map((point) => point?.read !== undefined),
      places.map((_, at) => at >= 4),
    );
    assert.deepEqual(taken[0], places[0]);
  });
});
