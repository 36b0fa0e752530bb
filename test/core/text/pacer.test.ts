import assert from "node:assert/strict";
import fc from "fast-check";
import { MAX_MESSAGE_CHARS } from "../../../src/core/text/delta-buffer.js";
import type { Piece } from "../../../src/core/text/held-piece.js";
import { Pacer } from "../../../src/core/text/pacer.js";
import { assertWholeCharacters, difficultText } from "../../support/inputs/hard-text.js";
import { chunkOf, pieces, read } from "../../support/worlds/buffering.js";

/** What comes out, and when: until nothing is held or nothing can go on. */
function play(pacer: Pacer): { at: number; piece: Piece }[] {
  const out: { at: number; piece: Piece }[] = [];
  let at = 0;
  for (let wait = pacer.waitMs; wait !== undefined; wait = pacer.waitMs) {
    at += wait;
    for (const piece of pacer.advance(wait)) out.push({ at, piece });
  }
  return out;
}

function paced(wordsPerSecond: number, ...said: string[]): Pacer {
  const pacer = new Pacer(wordsPerSecond);
  for (const text of said) pacer.add({ text });
  return pacer;
}

const texts = (out: { piece: Piece }[]) => out.map(({ piece }) => piece.text);

describe("Pacer", () => {
  it("gives out words one by one, evenly", () => {
    const out = play(paced(10, "One two", " three four five", " six"));
    assert.deepEqual(texts(out), ["One ", "two ", "three ", "four ", "five "]);
    const gaps = out.slice(1).map(({ at }, before) => at - out[before]!.at);
    for (const gap of gaps.slice(1)) assert.ok(Math.abs(gap - 100) < 1, String(gaps));
    assert.ok(out[0]!.at < 50, "the first word does not wait");
  });

  it("holds a word that may still grow, and says that waiting does not help", () => {
    const pacer = paced(10, "Hel");
    assert.deepEqual(play(pacer), []);
    assert.equal(pacer.waitMs, undefined);
    assert.equal(pacer.isHolding, true);
    pacer.add({ text: "lo you" });
    assert.deepEqual(texts(play(pacer)), ["Hello "]);
    pacer.end();
    assert.deepEqual(texts(play(pacer)), ["you"]);
    assert.equal(pacer.isHolding, false);
  });

  it("owes no words for a time in which there were none", () => {
    const pacer = paced(10, "One ");
    pacer.advance(60_000);
    pacer.add({ text: "two three four five six " });
    assert.ok(pacer.advance(100).length <= 2);
  });

  it("catches up when it falls behind, and stays within about a second", () => {
    const pacer = new Pacer(5);
    let given = 0;
    let said = 0;
    for (let at = 0; at < 10_000; at += 50) {
      pacer.add({ text: "word word " });
      said += 2;
      for (const { text } of pacer.advance(50)) given += text.split(" ").length - 1;
    }
    assert.ok(said - given < 60, `${said - given} words behind at 40 a second`);
    assert.ok(said - given > 10, "and not at once");
  });

  it("finishes soon once the stream has ended", () => {
    const pacer = paced(5, "word ".repeat(200));
    pacer.end();
    const out = play(pacer);
    assert.equal(texts(out).join(""), "word ".repeat(200));
    assert.ok(out.at(-1)!.at <= 800, `${out.at(-1)!.at} ms`);
    assert.ok(out.length >= 15, "in many steps");
  });

  it("paces reasoning too, and lets the rest through in its turn", () => {
    const pacer = new Pacer(10);
    pacer.add({ text: "", chunk: chunkOf({ reasoning_content: "Let me see" }) });
    pacer.add({ text: "Well then" });
    pacer.add({ text: "", chunk: chunkOf({ tool_calls: [{ index: 0, function: { arguments: "{" } }] }) });
    pacer.add({ text: "", chunk: chunkOf({ tool_calls: [{ index: 0, function: { arguments: "}" } }] }) });
    const out = play(pacer).map(({ piece: { text, chunk } }) => {
      const delta = chunk?.choices[0]?.delta;
      return text || delta?.reasoning_content || delta?.tool_calls?.[0]?.function?.arguments;
    });
    assert.deepEqual(out, ["Let ", "me ", "see", "Well ", "then", "{}"]);
  });

  it("holds no more than the bound: what is beyond it goes at once", () => {
    const pacer = new Pacer(1);
    const out = pacer.add({ text: "word ".repeat(10_000) });
    assert.ok(out.length > 1);
    assert.ok(pacer.flush()[0]!.text.length <= MAX_MESSAGE_CHARS);
  });

  it("takes what has no gaps in parts, and Chinese by its words", () => {
    assert.ok(
      texts(play(paced(50, "x".repeat(200)))).every(({ length }) => length % 40 === 0 && length <= 120),
    );
    const chinese = play(paced(10, "我们今天去北京大学看看那里的图书馆和花园"));
    assert.ok(
      chinese.length > 4 && texts(chinese).every(({ length }) => length <= 4),
      texts(chinese).join("|"),
    );
  });

  it("joined output is joined input, and no cut goes through a character", () => {
    fc.assert(
      fc.property(
        difficultText,
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 200 }),
        (text, width, step) => {
          const pacer = new Pacer(20);
          const out: string[] = [];
          for (let at = 0; at < text.length; at += width) {
            pacer.add({ text: text.slice(at, at + width) });
            out.push(...pacer.advance(step).map((piece) => piece.text));
          }
          pacer.end();
          out.push(...texts(play(pacer)));
          assertWholeCharacters(out, text);
        },
      ),
      { numRuns: 300 },
    );
  });

  it("accumulating what was paced gives what accumulating the pieces gives", () => {
    fc.assert(
      fc.property(pieces, fc.array(fc.nat(300), { minLength: 1 }), (said, steps) => {
        const pacer = new Pacer(12);
        const out = said.flatMap((piece, at) => [
          ...pacer.add(piece),
          ...pacer.advance(steps[at % steps.length]!),
        ]);
        pacer.end();
        out.push(...play(pacer).map(({ piece }) => piece), ...pacer.flush());
        assert.deepEqual(read(out), read(said));
      }),
      { numRuns: 300 },
    );
  });
});
