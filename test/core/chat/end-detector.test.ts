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

describe("The end of an answer is known", () => {
  const tells = (...chunks: EndClues[]) => {
    const ending = new EndDetector();
    const [known] = chunks.map((each) => ending.addChunk(each)).slice(-1);
    return { known, certain: ending.isCertain };
  };

  it("by a finish reason of its own, after whatever came first", () => {
    for (const before of [[role], [text], [thought], [last]])
      assert.equal(tells(...before, pure).known, true);
  });

  it("by one that comes with the last of several texts", () => {
    assert.equal(tells(role, text, last).known, true);
  });

  it("by the usage behind it", () => {
    for (const before of [[last], [last, last], [pure]]) assert.equal(tells(...before, usage).known, true);
  });

  it("by a reason that no service gives with every piece", () => {
    for (const finishReason of ["tool_calls", "length", "content_filter"])
      assert.equal(tells(chunk({ ...ENDED, finishReason, hasContent: true })).known, true);
  });

  it("not by one that comes with the first text, or before any: it may come with every piece", () => {
    for (const chunks of [[last], [role, last], [thought, last], [pure], [pure, last], [last, last, pure]])
      assert.equal(tells(...chunks).known, false);
  });

  it("by silence where it came once, and only by the connection where text came after it", () => {
    assert.equal(tells(last).certain, true);
    assert.equal(tells(last, last).certain, false);
    assert.equal(tells(last, last, pure).certain, true);
    const ending = new EndDetector();
    ending.addChunk(last);
    ending.addText();
    assert.deepEqual([ending.isCertain, ending.isReached], [false, true]);
  });

  it("not while another answer is awaited", () => {
    const waiting = chunk({ hasContent: true, text: "a" });
    assert.deepEqual(tells(text, waiting), { known: false, certain: false });
  });
});
