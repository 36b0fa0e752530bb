import assert from "node:assert/strict";
import fc from "fast-check";
import { SentText } from "../../../src/dialects/responses/sent-text.js";
import { anyText } from "../../support/inputs/arbitraries.js";
import { anyCuts, cutText } from "../../support/inputs/cutting.js";

describe("Text that a service sends several times", () => {
  it("passes on each character once, whichever deltas are missing at the end", () => {
    fc.assert(
      fc.property(anyText, anyCuts, fc.nat(10), fc.nat(3), (text, cuts, missing, repeats) => {
        const sent = new SentText();
        const deltas = cutText(text, cuts);
        const kept = deltas.slice(0, Math.max(0, deltas.length - missing));
        const added = kept.map((delta) => sent.add(delta));
        for (let turn = 0; turn <= repeats; turn++) added.push(sent.complete(text));
        assert.equal(added.join(""), text);
      }),
    );
  });

  it("takes deltas for a repetition of the text that came when the item opened", () => {
    fc.assert(
      fc.property(anyText, anyText, anyCuts, (opening, more, cuts) => {
        const sent = new SentText();
        const added = [sent.open(opening), ...cutText(opening + more, cuts).map((delta) => sent.add(delta))];
        assert.equal(added.join("") + sent.complete(opening + more), opening + more);
      }),
    );
  });

  it("takes deltas for a continuation if they differ from the text that came when the item opened", () => {
    const sent = new SentText();
    assert.deepEqual([sent.open("Hel"), sent.add("lo"), sent.add("!")], ["Hel", "lo", "!"]);
    assert.equal(sent.complete("Hello!"), "");
  });

  it("finds the end of a continuation that looked like a repetition in the whole text", () => {
    const sent = new SentText();
    assert.deepEqual([sent.open("haha"), sent.add("ha"), sent.complete("hahaha")], ["haha", "", "ha"]);
  });

  it("passes on nothing of a whole text that does not begin with what was sent", () => {
    const sent = new SentText();
    sent.add("Hello");
    for (const whole of ["", "Hell", " Hello", "hello world"]) assert.equal(sent.complete(whole), "");
    assert.equal(String(sent), "Hello");
  });
});
