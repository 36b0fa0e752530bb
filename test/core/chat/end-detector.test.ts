import assert from "node:assert/strict";
import { type EndClues, EndDetector } from "../../../src/core/chat/end-detector.js";

const chunk = (clues: Partial<EndClues>): EndClues => ({
  finishReason: undefined,
  hasContent: false,
  text: "",
  hasNoChoices: false,
  ...clues,
});
const ENDED = { finishReason: "stop" };
const role = chunk({});
const text = chunk({ hasContent: true, text: "a" });
const thought = chunk({ hasContent: true });
const last = chunk({ ...ENDED, hasContent: true, text: "b" });
const pure = chunk(ENDED);
const usage = chunk({ ...ENDED, hasNoChoices: true });

describe("End detector", () => {
  const tells = (...chunks: EndClues[]) => {
    const ending = new EndDetector();
    const [known] = chunks.map((each) => ending.addChunk(each)).slice(-1);
    return { known, certain: ending.isCertain };
  };

  it("finds the end at a finish reason without content, whatever came before", () => {
    for (const before of [[role], [text], [thought], [last]])
      assert.equal(tells(...before, pure).known, true);
  });

  it("finds the end at a finish reason on the last of several texts", () => {
    assert.equal(tells(role, text, last).known, true);
  });

  it("finds the end at the usage after a finish reason", () => {
    for (const before of [[last], [last, last], [pure]]) assert.equal(tells(...before, usage).known, true);
  });

  it("finds the end at a finish reason other than stop, which no service sends with every chunk", () => {
    for (const finishReason of ["tool_calls", "length", "content_filter"])
      assert.equal(tells(chunk({ ...ENDED, finishReason, hasContent: true })).known, true);
  });

  it("does not trust a finish reason on or before the first text, because it may come with every chunk", () => {
    for (const chunks of [[last], [role, last], [thought, last], [pure], [pure, last], [last, last, pure]])
      assert.equal(tells(...chunks).known, false);
  });

  it("takes silence for the end after one finish reason, and only a closed connection if text followed it", () => {
    assert.equal(tells(last).certain, true);
    assert.equal(tells(last, last).certain, false);
    assert.equal(tells(last, last, pure).certain, true);
    const ending = new EndDetector();
    ending.addChunk(last);
    ending.addText();
    assert.deepEqual([ending.isCertain, ending.isReached], [false, true]);
  });

  it("finds no end while another choice has no finish reason", () => {
    const waiting = chunk({ hasContent: true, text: "a" });
    assert.deepEqual(tells(text, waiting), { known: false, certain: false });
  });
});
