import assert from "node:assert/strict";
import fc from "fast-check";
import { MAX_MESSAGE_CHARS } from "../../../src/core/text/delta-buffer.js";
import type { Piece } from "../../../src/core/text/held-piece.js";
import { Pacer } from "../../../src/core/text/pacer.js";
import { anyHardText, assertWholeCharacters } from "../../support/inputs/hard-text.js";
import { createChunk } from "../../support/services/scripted-service.js";
import { anyPieces, assembleCompletion } from "../../support/worlds/buffer-pieces.js";

/** Lets time pass until nothing more is due. @returns the pieces, each with its time in milliseconds */
function play(pacer: Pacer): { at: number; piece: Piece }[] {
  const out: { at: number; piece: Piece }[] = [];
  let at = 0;
  for (let wait = pacer.waitMs; wait !== undefined; wait = pacer.waitMs) {
    at += wait;
    for (const piece of pacer.advance(wait)) out.push({ at, piece });
  }
  return out;
}

function createPacer(wordsPerSecond: number, ...pieceTexts: string[]): Pacer {
  const pacer = new Pacer(wordsPerSecond);
  for (const text of pieceTexts) pacer.add({ text });
  return pacer;
}

const texts = (out: { piece: Piece }[]) => out.map(({ piece }) => piece.text);

describe("Pacer", () => {
  it("gives out words one by one at an even pace", () => {
    const out = play(createPacer(10, "One two", " three four five", " six"));
    assert.deepEqual(texts(out), ["One ", "two ", "three ", "four ", "five "]);
    const gaps = out.slice(1).map(({ at }, before) => at - out[before]!.at);
    for (const gap of gaps.slice(1)) assert.ok(Math.abs(gap - 100) < 1, String(gaps));
    assert.ok(out[0]!.at < 50, "the first word does not wait");
  });

  it("holds a word that may still grow, and sets no time for it", () => {
    const pacer = createPacer(10, "Hel");
    assert.deepEqual(play(pacer), []);
    assert.equal(pacer.waitMs, undefined);
    assert.equal(pacer.isHolding, true);
    pacer.add({ text: "lo you" });
    assert.deepEqual(texts(play(pacer)), ["Hello "]);
    pacer.end();
    assert.deepEqual(texts(play(pacer)), ["you"]);
    assert.equal(pacer.isHolding, false);
  });

  it("does not send a burst of words after a time without any", () => {
    const pacer = createPacer(10, "One ");
    pacer.advance(60_000);
    pacer.add({ text: "two three four five six " });
    assert.ok(pacer.advance(100).length <= 2);
  });

  it("raises the pace when it falls behind, and stays within about a second", () => {
    const pacer = new Pacer(5);
    let wordsOut = 0;
    let wordsIn = 0;
    for (let at = 0; at < 10_000; at += 50) {
      pacer.add({ text: "word word " });
      wordsIn += 2;
      for (const { text } of pacer.advance(50)) wordsOut += text.split(" ").length - 1;
    }
    assert.ok(wordsIn - wordsOut < 60, `${wordsIn - wordsOut} words behind at 40 a second`);
    assert.ok(wordsIn - wordsOut > 10, "it does not catch up at once");
  });

  it("gives out the rest within 0.8 seconds after the stream has ended", () => {
    const pacer = createPacer(5, "word ".repeat(200));
    pacer.end();
    const out = play(pacer);
    assert.equal(texts(out).join(""), "word ".repeat(200));
    assert.ok(out.at(-1)!.at <= 800, `${out.at(-1)!.at} ms`);
    assert.ok(out.length >= 15, "in many steps");
  });

  it("paces reasoning like text, and passes tool calls through in order", () => {
    const pacer = new Pacer(10);
    pacer.add({ text: "", chunk: createChunk({ reasoning_content: "Let me see" }) });
    pacer.add({ text: "Well then" });
    pacer.add({ text: "", chunk: createChunk({ tool_calls: [{ index: 0, function: { arguments: "{" } }] }) });
    pacer.add({ text: "", chunk: createChunk({ tool_calls: [{ index: 0, function: { arguments: "}" } }] }) });
    const out = play(pacer).map(({ piece: { text, chunk } }) => {
      const delta = chunk?.choices[0]?.delta;
      return text || delta?.reasoning_content || delta?.tool_calls?.[0]?.function?.arguments;
    });
    assert.deepEqual(out, ["Let ", "me ", "see", "Well ", "then", "{}"]);
  });

  it("gives out text at once if it holds more than the largest message", () => {
    const pacer = new Pacer(1);
    const out = pacer.add({ text: "word ".repeat(10_000) });
    assert.ok(out.length > 1);
    assert.ok(pacer.flush()[0]!.text.length <= MAX_MESSAGE_CHARS);
  });

  it("cuts text without spaces into parts, and Chinese into words", () => {
    assert.ok(
      texts(play(createPacer(50, "x".repeat(200)))).every(({ length }) => length % 40 === 0 && length <= 120),
    );
    const chinese = play(createPacer(10, "我们今天去北京大学看看那里的图书馆和花园"));
    assert.ok(
      chinese.length > 4 && texts(chinese).every(({ length }) => length <= 4),
      texts(chinese).join("|"),
    );
  });

  it("the joined output is the joined input, and no cut goes through a character", () => {
    fc.assert(
      fc.property(
        anyHardText,
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

  it("the paced pieces give the same completion as the original pieces", () => {
    fc.assert(
      fc.property(anyPieces, fc.array(fc.nat(300), { minLength: 1 }), (input, steps) => {
        const pacer = new Pacer(12);
        const out = input.flatMap((piece, at) => [
          ...pacer.add(piece),
          ...pacer.advance(steps[at % steps.length]!),
        ]);
        pacer.end();
        out.push(...play(pacer).map(({ piece }) => piece), ...pacer.flush());
        assert.deepEqual(assembleCompletion(out), assembleCompletion(input));
      }),
      { numRuns: 300 },
    );
  });
});
