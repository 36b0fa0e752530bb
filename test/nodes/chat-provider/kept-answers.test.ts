import assert from "node:assert/strict";
import { buildSetup } from "../../../src/chat-options.js";
import { buildEmptyResult, type ResumePoint } from "../../../src/client/chat-types.js";
import { KeptAnswers } from "../../../src/node-red/chat-provider/kept-answers.js";

const SETUP = buildSetup({ provider: "demo", model: "demo", messages: "hi", baseUrl: "http://demo" }, false);
const MEBI = 1024 * 1024;

/** Remembers that the stream of an answer broke. */
function breakStream(kept: KeptAnswers, id: string, chars = 100): ResumePoint {
  const resume = { id, after: 3, read: { records: ["x".repeat(chars)], latest: 3 } };
  const watch = kept.watch({ ...SETUP, id: `stream of ${id}` }, () => {});
  watch({ ...buildEmptyResult("failed"), resume });
  return { id, after: 3 };
}

describe("Memory of answers that go on at their service", () => {
  it("gives what was read of an answer to the stream that takes it up, once", () => {
    const kept = new KeptAnswers();
    const place = breakStream(kept, "resp_1");
    assert.equal(kept.take(place)?.read?.latest, 3);
    assert.deepEqual(kept.take(place), place);
  });

  it("gives nothing to a stream that takes the answer up elsewhere, or without a place", () => {
    const kept = new KeptAnswers();
    breakStream(kept, "resp_1");
    assert.deepEqual(kept.take({ id: "resp_1", after: 2 }), { id: "resp_1", after: 2 });
    assert.equal(kept.take(undefined), undefined);
  });

  it("forgets what was read of the oldest answers if it is too much, and not where they broke", () => {
    const kept = new KeptAnswers();
    const places = Array.from({ length: 20 }, (_, at) => breakStream(kept, `resp_${at}`, MEBI));
    const taken = places.map((place) => kept.take(place));
    assert.deepEqual(
      taken.map((point) => point?.read !== undefined),
      places.map((_, at) => at >= 4),
    );
    assert.deepEqual(taken[0], places[0]);
  });
});
