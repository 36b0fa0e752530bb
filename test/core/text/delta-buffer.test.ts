import assert from "node:assert/strict";
import fc from "fast-check";
import type { Chunk } from "../../../src/core/chat/chunk.js";
import { CompletionMachine } from "../../../src/core/chat/completion.js";
import type { Boundary } from "../../../src/core/text/boundary-finder.js";
import { type BufferRules, DeltaBuffer, MAX_MESSAGE_CHARS } from "../../../src/core/text/delta-buffer.js";
import { type Piece, readPieceKind } from "../../../src/core/text/held-piece.js";
import { assertWholeCharacters, difficultText, piecesOf } from "../../support/inputs/hard-text.js";
import { chunkOf, pieces, read } from "../../support/worlds/buffering.js";

const NONE: BufferRules = { count: 0, characters: 0, boundary: "none" };

function texts(rules: Partial<BufferRules>, said: readonly string[]): string[] {
  const buffer = new DeltaBuffer({ ...NONE, ...rules });
  return [...said.flatMap((text) => buffer.add({ text })), ...buffer.flush()].map(({ text }) => text);
}

const rulesOf: fc.Arbitrary<BufferRules> = fc.record({
  count: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 6 })),
  characters: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 40 })),
  boundary: fc.constantFrom<Boundary>("none", "word", "sentence", "line", "paragraph"),
});

describe("DeltaBuffer", () => {
  it("holds everything where no rule applies, up to its bound", () => {
    assert.deepEqual(texts({}, ["a", "b", "c"]), ["abc"]);
    const long = texts(
      {},
      Array.from({ length: 1000 }, () => "0123456789"),
    );
    assert.deepEqual([...new Set(long.map(({ length }) => length))], [MAX_MESSAGE_CHARS, 2000]);
  });

  it("counts pieces, and characters, whichever comes first", () => {
    assert.deepEqual(texts({ count: 3 }, [..."abcdefg"]), ["abc", "def", "g"]);
    assert.deepEqual(texts({ characters: 5 }, ["ab", "cd", "ef", "gh", "ij", "kl"]), ["abcdef", "ghijkl"]);
    assert.deepEqual(texts({ count: 3, characters: 4 }, ["abcd", "e", "f", "g", "h"]), ["abcd", "efg", "h"]);
    assert.deepEqual(texts({ count: 3, boundary: "word" }, ["a", " b", "b", "b", "b", "b"]), [
      "a ",
      "bbb",
      "bb",
    ]);
  });

  it("sends sentences, lines and paragraphs one by one, also when several come at once", () => {
    assert.deepEqual(texts({ boundary: "sentence" }, ["One. Two! Th", "ree? Four."]), [
      "One. ",
      "Two! ",
      "Three? ",
      "Four.",
    ]);
    assert.deepEqual(texts({ boundary: "line" }, ["a\nb\nc"]), ["a\n", "b\n", "c"]);
    assert.deepEqual(texts({ boundary: "paragraph" }, ["a\nb\n\nc\n\n", "d"]), ["a\nb\n\n", "c\n\n", "d"]);
  });

  it("what is due waits for the piece behind it, or until somebody says that none comes", () => {
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

  it("merges reasoning by the same rules, and keeps it apart from text and in order", () => {
    const buffer = new DeltaBuffer({ ...NONE, boundary: "sentence" });
    const think = (text: string): Piece => ({ text: "", chunk: chunkOf({ reasoning_content: text }) });
    const said = [think("Let me"), think(" see. So"), { text: "An" }, { text: "swer. Yes" }, think("Hm")];
    const out = [...said.flatMap((piece) => buffer.add(piece)), ...buffer.flush()];
    assert.deepEqual(
      out.map(({ text, chunk }) => text || chunk!.choices[0]!.delta.reasoning_content),
      ["Let me see. ", "So", "Answer. ", "Yes", "Hm"],
    );
    assert.equal(out[1]!.chunk!.id, "chatcmpl-1");
  });

  it("merges the pieces of tool calls by count and size, whatever the boundary", () => {
    const call = (text: string): Piece => ({
      text: "",
      chunk: chunkOf({ tool_calls: [{ index: 0, id: "c", function: { name: "f", arguments: text } }] }),
    });
    const args = (rules: Partial<BufferRules>, ...said: string[]) => {
      const buffer = new DeltaBuffer({ ...NONE, ...rules });
      return [...said.flatMap((text) => buffer.add(call(text))), ...buffer.flush()].map(
        ({ chunk }) => chunk!.choices[0]!.delta.tool_calls![0]!.function!.arguments,
      );
    };
    assert.deepEqual(args({ count: 2 }, '{"a', '":', "1", "}"), ['{"a":', "1}"]);
    assert.deepEqual(args({ boundary: "word" }, '{"a": ', '"b c"', "}"), ['{"a": "b c"}']);
    assert.equal(args({ characters: 8 }, "1234", "5678", "9").length, 2);
    assert.equal(
      args(
        {},
        ..."x"
          .repeat(50)
          .split("")
          .map((x) => x.repeat(100)),
      ).length,
      2,
    );
  });

  it("keeps what belongs to no place in the text with the next that goes", () => {
    const buffer = new DeltaBuffer({ ...NONE, boundary: "word" });
    const logprobs = (token: string) => ({ content: [{ token }] });
    const piece = (text: string): Piece => ({
      text,
      chunk: chunkOf({ content: text }, { logprobs: logprobs(text) }),
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

  it("does not touch what it is given", () => {
    fc.assert(
      fc.property(pieces, rulesOf, (said, rules) => {
        const before = structuredClone(said);
        const buffer = new DeltaBuffer(rules);
        const out = [...said.flatMap((piece) => buffer.add(piece)), ...buffer.flush()];
        const given = new Set<unknown>(said.flatMap(({ chunk }) => (chunk ? [chunk, ...chunk.choices] : [])));
        for (const { chunk } of out)
          for (const part of chunk ? [chunk, ...chunk.choices] : []) assert.ok(!given.has(part));
        for (const { chunk } of out) for (const choice of chunk?.choices ?? []) choice.delta = {};
        assert.deepEqual(said, before);
      }),
    );
  });
});

describe("The laws of a buffer", () => {
  it("joined output is joined input, in messages of a bounded length", () => {
    fc.assert(
      fc.property(difficultText, rulesOf, piecesOf, (text, rules, cutter) => {
        const out = texts(rules, cutter(text));
        assert.equal(out.join(""), text);
        assert.ok(out.every(({ length }) => length > 0 && length <= MAX_MESSAGE_CHARS));
      }),
      { numRuns: 500 },
    );
  });

  it("P11: no cut goes through a character, wherever the model cuts its pieces", () => {
    fc.assert(
      fc.property(difficultText, rulesOf, piecesOf, (text, rules, cutter) => {
        assertWholeCharacters(texts(rules, cutter(text)), text);
      }),
      { numRuns: 500 },
    );
  });

  it("accumulating what was merged gives what accumulating the pieces gives", () => {
    fc.assert(
      fc.property(pieces, rulesOf, fc.array(fc.nat(3), { maxLength: 40 }), (said, rules, turns) => {
        const buffer = new DeltaBuffer(rules);
        const out = said.flatMap((piece, at) => [
          ...buffer.add(piece),
          // The clock's part: due, due and waited for, or asked for.
          ...(turns[at] === 1
            ? buffer.markDue()
            : turns[at] === 2
              ? buffer.takeDue()
              : turns[at] === 3
                ? buffer.flush()
                : []),
        ]);
        assert.deepEqual(read([...out, ...buffer.flush()]), read(said));
        assert.equal(buffer.isHolding, false);
      }),
      { numRuns: 500 },
    );
  });

  it("kinds keep their order: text, reasoning and the rest change places nowhere", () => {
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
      fc.property(pieces, rulesOf, (said, rules) => {
        const buffer = new DeltaBuffer(rules);
        assert.deepEqual(
          order([...said.flatMap((piece) => buffer.add(piece)), ...buffer.flush()]),
          order(said),
        );
      }),
    );
  });

  it("time is linear: a text without an end costs no more per piece than one of sentences", () => {
    // Microseconds; generous, for a busy machine: a few are usual, 15 where a dictionary is asked.
    const most = 300;
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
        const start = performance.now();
        for (let at = 0; at < text.length; at += 4) {
          for (const piece of buffer.add({ text: text.slice(at, at + 4) }))
            longest = Math.max(longest, piece.text.length);
        }
        const cost = ((performance.now() - start) * 1000) / (text.length / 4);
        assert.ok(cost < most, `${boundary} of “${sample}”: ${cost} µs`);
        assert.ok(longest <= MAX_MESSAGE_CHARS);
      }
    }
  });
});
