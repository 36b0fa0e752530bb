import assert from "node:assert/strict";
import fc from "fast-check";
import type { Chunk } from "../../../src/core/chat/chunk.js";
import { CompletionMachine } from "../../../src/core/chat/completion.js";
import type { Boundary } from "../../../src/core/text/boundary-finder.js";
import { type BufferRules, DeltaBuffer, MAX_MESSAGE_CHARS } from "../../../src/core/text/delta-buffer.js";
import { type Piece, readPieceKind } from "../../../src/core/text/held-piece.js";
import { anyCutter } from "../../support/inputs/cutting.js";
import { anyHardText, assertWholeCharacters } from "../../support/inputs/hard-text.js";
import { createChunk } from "../../support/services/scripted-service.js";
import { assertCheap } from "../../support/speed.js";
import { anyPieces, assembleCompletion } from "../../support/worlds/buffer-pieces.js";

const NONE: BufferRules = { count: 0, characters: 0, boundary: "none" };

/** Buffers text pieces. @returns the texts that come out */
function bufferTexts(rules: Partial<BufferRules>, pieceTexts: readonly string[]): string[] {
  const buffer = new DeltaBuffer({ ...NONE, ...rules });
  return [...pieceTexts.flatMap((text) => buffer.add({ text })), ...buffer.flush()].map(({ text }) => text);
}

const rulesOf: fc.Arbitrary<BufferRules> = fc.record({
  count: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 6 })),
  characters: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 40 })),
  boundary: fc.constantFrom<Boundary>("none", "word", "sentence", "line", "paragraph"),
});

describe("Delta buffer", () => {
  it("holds everything up to the largest message if no rule applies", () => {
    assert.deepEqual(bufferTexts({}, ["a", "b", "c"]), ["abc"]);
    const long = bufferTexts(
      {},
      Array.from({ length: 1000 }, () => "0123456789"),
    );
    assert.deepEqual([...new Set(long.map(({ length }) => length))], [MAX_MESSAGE_CHARS, 2000]);
  });

  // Exponential or cubic code would need hours for them, so their end is the test.
  const ENDLESS: Readonly<Record<string, string>> = {
    "a ruled line behind a sentence": `Sign here.${"_".repeat(100_000)}Date`,
    "closing marks of many kinds": `Stop.${'*_~`"’)][1]'.repeat(20_000)}x`,
    "references behind a sentence": `So it is.${"[1]".repeat(50_000)}x`,
    "accents on one letter": `e${"\u0301".repeat(100_000)}`,
    "letters that join each other": "\u0915\u094d".repeat(50_000),
    "people that join each other": "👩\u200d".repeat(50_000),
    flags: "🇩".repeat(50_000),
    "variation selectors": `x${"\ufe0f".repeat(100_000)}`,
  };
  for (const [name, text] of Object.entries(ENDLESS)) {
    it(`takes ${name}, in one piece and in many, and loses nothing`, () => {
      for (const boundary of ["none", "word", "sentence", "line", "paragraph"] as const) {
        const rules = { ...NONE, boundary };
        assert.equal(bufferTexts(rules, [text]).join(""), text, boundary);
        const pieces = text.match(/[\s\S]{1,997}/g)!;
        assert.equal(bufferTexts(rules, pieces).join(""), text, `${boundary}, in pieces`);
      }
    });
  }

  it("sends after a number of pieces or of characters, whichever comes first", () => {
    assert.deepEqual(bufferTexts({ count: 3 }, [..."abcdefg"]), ["abc", "def", "g"]);
    assert.deepEqual(bufferTexts({ characters: 5 }, ["ab", "cd", "ef", "gh", "ij", "kl"]), [
      "abcdef",
      "ghijkl",
    ]);
    assert.deepEqual(bufferTexts({ count: 3, characters: 4 }, ["abcd", "e", "f", "g", "h"]), [
      "abcd",
      "efg",
      "h",
    ]);
    assert.deepEqual(bufferTexts({ count: 3, boundary: "word" }, ["a", " b", "b", "b", "b", "b"]), [
      "a ",
      "bbb",
      "bb",
    ]);
  });

  it("sends sentences, lines and paragraphs one by one, even if several arrive at once", () => {
    assert.deepEqual(bufferTexts({ boundary: "sentence" }, ["One. Two! Th", "ree? Four."]), [
      "One. ",
      "Two! ",
      "Three? ",
      "Four.",
    ]);
    assert.deepEqual(bufferTexts({ boundary: "line" }, ["a\nb\nc"]), ["a\n", "b\n", "c"]);
    assert.deepEqual(bufferTexts({ boundary: "paragraph" }, ["a\nb\n\nc\n\n", "d"]), [
      "a\nb\n\n",
      "c\n\n",
      "d",
    ]);
  });

  it("holds due text until the next piece comes or the caller says that none comes", () => {
    const buffer = new DeltaBuffer({ ...NONE, count: 2 });
    assert.deepEqual([...buffer.add({ text: "a" }), ...buffer.add({ text: "e" })], []);
    assert.equal(buffer.hasDue, true);
    assert.deepEqual(buffer.add({ text: "\u0301" }), []);
    assert.deepEqual(buffer.add({ text: "b" }), [{ text: "ae\u0301" }]);
    buffer.add({ text: "c" });
    assert.deepEqual(buffer.takeDue(), [{ text: "bc" }]);
    assert.equal(buffer.hasDue, false);
    assert.equal(buffer.isHolding, false);
    buffer.add({ text: "x" });
    buffer.add({ text: "👍" });
    assert.deepEqual(buffer.takeDue(), [{ text: "x" }]);
    assert.deepEqual(buffer.flush(), [{ text: "👍" }]);
  });

  it("merges reasoning by the same rules, separate from text and in order", () => {
    const buffer = new DeltaBuffer({ ...NONE, boundary: "sentence" });
    const createReasoning = (text: string): Piece => ({
      text: "",
      chunk: createChunk({ reasoning_content: text }),
    });
    const input = [
      createReasoning("Let me"),
      createReasoning(" see. So"),
      { text: "An" },
      { text: "swer. Yes" },
      createReasoning("Hm"),
    ];
    const out = [...input.flatMap((piece) => buffer.add(piece)), ...buffer.flush()];
    assert.deepEqual(
      out.map(({ text, chunk }) => text || chunk!.choices[0]!.delta.reasoning_content),
      ["Let me see. ", "So", "Answer. ", "Yes", "Hm"],
    );
    assert.equal(out[1]!.chunk!.id, "chatcmpl-1");
  });

  it("merges pieces of tool calls by count and size, whatever the boundary", () => {
    const createCallPiece = (text: string): Piece => ({
      text: "",
      chunk: createChunk({ tool_calls: [{ index: 0, id: "c", function: { name: "f", arguments: text } }] }),
    });
    const bufferArguments = (rules: Partial<BufferRules>, ...fragments: string[]) => {
      const buffer = new DeltaBuffer({ ...NONE, ...rules });
      return [...fragments.flatMap((text) => buffer.add(createCallPiece(text))), ...buffer.flush()].map(
        ({ chunk }) => chunk!.choices[0]!.delta.tool_calls![0]!.function!.arguments,
      );
    };
    assert.deepEqual(bufferArguments({ count: 2 }, '{"a', '":', "1", "}"), ['{"a":', "1}"]);
    assert.deepEqual(bufferArguments({ boundary: "word" }, '{"a": ', '"b c"', "}"), ['{"a": "b c"}']);
    assert.equal(bufferArguments({ characters: 8 }, "1234", "5678", "9").length, 2);
    assert.equal(
      bufferArguments(
        {},
        ..."x"
          .repeat(50)
          .split("")
          .map((x) => x.repeat(100)),
      ).length,
      2,
    );
  });

  it("sends log probabilities with the next text that is sent", () => {
    const buffer = new DeltaBuffer({ ...NONE, boundary: "word" });
    const logprobs = (token: string) => ({ content: [{ token }] });
    const piece = (text: string): Piece => ({
      text,
      chunk: createChunk({ content: text }, { logprobs: logprobs(text) }),
    });
    const out = [..."Hel lo w".split("").flatMap((text) => buffer.add(piece(text))), ...buffer.flush()];
    assert.deepEqual(
      out.map(({ text }) => text),
      ["Hel ", "lo ", "w"].slice(0, out.length),
    );
    for (const { text, chunk } of out.slice(0, 2)) assert.equal(chunk!.choices[0]!.delta.content, text);
    const tokens = out.flatMap(
      ({ chunk }) => (chunk?.choices[0]?.logprobs?.content ?? []) as { token: string }[],
    );
    assert.equal(tokens.map(({ token }) => token).join(""), "Hel lo w");
  });

  it("does not change the pieces that it is given", () => {
    fc.assert(
      fc.property(anyPieces, rulesOf, (input, rules) => {
        const before = structuredClone(input);
        const buffer = new DeltaBuffer(rules);
        const out = [...input.flatMap((piece) => buffer.add(piece)), ...buffer.flush()];
        const inputParts = new Set<unknown>(
          input.flatMap(({ chunk }) => (chunk ? [chunk, ...chunk.choices] : [])),
        );
        for (const { chunk } of out)
          for (const part of chunk ? [chunk, ...chunk.choices] : []) assert.ok(!inputParts.has(part));
        for (const { chunk } of out) for (const choice of chunk?.choices ?? []) choice.delta = {};
        assert.deepEqual(input, before);
      }),
    );
  });
});

describe("Laws of a delta buffer", () => {
  it("the joined output is the joined input, in messages of bounded length", () => {
    fc.assert(
      fc.property(anyHardText, rulesOf, anyCutter, (text, rules, cutter) => {
        const out = bufferTexts(rules, cutter(text));
        assert.equal(out.join(""), text);
        assert.ok(out.every(({ length }) => length > 0 && length <= MAX_MESSAGE_CHARS));
      }),
      { numRuns: 500 },
    );
  });

  it("P11: no cut goes through a character, wherever the model cuts its pieces", () => {
    fc.assert(
      fc.property(anyHardText, rulesOf, anyCutter, (text, rules, cutter) => {
        assertWholeCharacters(bufferTexts(rules, cutter(text)), text);
      }),
      { numRuns: 500 },
    );
  });

  it("the merged pieces give the same completion as the original pieces", () => {
    fc.assert(
      fc.property(anyPieces, rulesOf, fc.array(fc.nat(3), { maxLength: 40 }), (input, rules, turns) => {
        const buffer = new DeltaBuffer(rules);
        const out = input.flatMap((piece, at) => [
          ...buffer.add(piece),
          // What the clock of the caller does: mark as due, take what is due, or flush.
          ...(turns[at] === 1
            ? buffer.markDue()
            : turns[at] === 2
              ? buffer.takeDue()
              : turns[at] === 3
                ? buffer.flush()
                : []),
        ]);
        assert.deepEqual(assembleCompletion([...out, ...buffer.flush()]), assembleCompletion(input));
        assert.equal(buffer.isHolding, false);
      }),
      { numRuns: 500 },
    );
  });

  it("text, reasoning and other output keep their order", () => {
    const order = (list: readonly Piece[]) => {
      const machine = new CompletionMachine();
      const seen: string[] = [];
      for (const piece of list) {
        const kind = readPieceKind(piece);
        if (kind && seen.at(-1) !== kind) seen.push(kind);
        machine.addChunk(piece.chunk ?? ({ choices: [] } as Chunk), piece.text);
      }
      return seen;
    };
    fc.assert(
      fc.property(anyPieces, rulesOf, (input, rules) => {
        const buffer = new DeltaBuffer(rules);
        assert.deepEqual(
          order([...input.flatMap((piece) => buffer.add(piece)), ...buffer.flush()]),
          order(input),
        );
      }),
    );
  });

  it("the cost of a piece is bounded, even in a text without any boundary", () => {
    for (const boundary of ["none", "word", "sentence", "line", "paragraph"] as const) {
      for (const sample of [
        "Words, words, words ",
        "One. Two e.g. three! ",
        "1.5 ",
        "x.",
        "x",
        "```\na. B\n",
        "我们今天去",
        "👨‍👩‍👧",
      ]) {
        const text = sample.repeat(Math.ceil(100_000 / sample.length));
        const buffer = new DeltaBuffer({ ...NONE, boundary });
        let longest = 0;
        assertCheap(() => {
          for (let at = 0; at < text.length; at += 4) {
            for (const piece of buffer.add({ text: text.slice(at, at + 4) }))
              longest = Math.max(longest, piece.text.length);
          }
        });
        assert.ok(longest <= MAX_MESSAGE_CHARS);
      }
    }
  });
});
