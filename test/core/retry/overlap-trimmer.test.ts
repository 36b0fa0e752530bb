import assert from "node:assert/strict";
import fc from "fast-check";
import { buildContinuation, type ContinuationInfo } from "../../../src/core/retry/continuation.js";
import { joinContinuation, OverlapTrimmer } from "../../../src/core/retry/overlap-trimmer.js";
import { difficultText, piecesOf } from "../../support/inputs/hard-text.js";

const QUOTED: ContinuationInfo = { added: 2, echo: "" };

/** How a model is asked to continue a text by a prefill. */
const prefill = (text: string): ContinuationInfo => buildContinuation([], text, "prefill").continues;

const joinQuoted = (partial: string, text: string) => joinContinuation(partial, text, QUOTED);
const joinPrefilled = (partial: string, text: string) => joinContinuation(partial, text, prefill(partial));

/** Trims a continuation that comes in pieces. @returns what the reader gets of each piece, and at the end */
function trim(partial: string, pieces: readonly string[], continues = QUOTED): string[] {
  const trimmer = new OverlapTrimmer(partial, continues);
  return [...pieces.map((piece) => trimmer.push(piece)), trimmer.end()];
}

const STORY = "Once upon a time there was a lighthouse keeper who counted the waves.";

describe("Overlap of a continuation", () => {
  it("is removed if a model repeats its last words", () => {
    for (const from of [12, 16, 17, 25, 39]) {
      const partial = STORY.slice(0, 39);
      assert.equal(joinQuoted(partial, partial.slice(-from) + STORY.slice(39)), STORY, partial.slice(-from));
    }
  });

  it("is removed if a model starts again from the first word", () => {
    for (const cut of [9, 12, 20, 40, STORY.length]) {
      assert.equal(joinQuoted(STORY.slice(0, cut), STORY), STORY, `${cut}`);
    }
    const long = STORY.repeat(40).replace(/waves/g, (word, at) => `${word} ${at}`);
    assert.equal(joinQuoted(long.slice(0, 2500), long), long);
  });

  it("of a few characters stays, because it may be a coincidence", () => {
    assert.equal(joinQuoted("The first three are 1, 2, 3", ", 3"), "The first three are 1, 2, 3, 3");
    assert.equal(joinQuoted("Hello", "Hello world"), "HelloHello world");
    assert.equal(joinQuoted("again and", " again and again"), "again and again and again");
  });

  it("of three words is removed", () => {
    assert.equal(joinQuoted("Once upon a time there ", "a time there was"), "Once upon a time there was");
    assert.equal(
      joinQuoted("over and over and ", "over and over again"),
      "over and over and over and over again",
    );
  });

  it("of two words is removed if it would run into the last word", () => {
    assert.equal(joinQuoted("The quick brown fox", "brown fox jumps"), "The quick brown fox jumps");
    assert.equal(joinQuoted("Hello wor", "Hello world!"), "Hello world!");
  });

  it("stays if a pattern continues, such as a ruled line", () => {
    for (const pattern of ["-", " ", "=-", "ha ", "| --- ", "0 1 ", "天地"]) {
      const line = pattern.repeat(40);
      for (const cut of [10, 17, 18, 33, 34, 40]) {
        assert.equal(joinQuoted(line.slice(0, cut), line.slice(cut)), line, `${pattern} at ${cut}`);
      }
    }
  });

  it("stays if the text contained the same repetition before", () => {
    const line = "We will, we will rock you\n";
    const row = "| 0 | 0 | 1 |\n";
    for (const [partial, text] of [
      [line + line, `${line}Sing it!`],
      [`${line}We will,`, ` we will rock you\n${line}`],
      [`Buddy\n${line}${line}Kick your can\n${line}`, line],
      [`| a | b | c |\n${row}${row}`, row],
      ["0 0 0 0 0 0 0 0\n", "0 0 0 0 0 0 0 0\n1 0 0 0 0 0 0 0\n"],
    ] as const) {
      assert.equal(joinQuoted(partial, text), partial + text);
    }
    const partial = `${line}${line}`.trim();
    assert.equal(
      joinQuoted(partial, `${line}Sing it!`),
      `${partial}\nSing it!`,
      "except that it would run into the last word",
    );
  });

  it("stays after a prefill, unless the model starts again or runs whole phrases into the last word", () => {
    const line = "We will rock you\n";
    assert.equal(joinPrefilled(`${line}Sing it\n${line}`, `\n${line}`), `${line}Sing it\n${line}${line}`);
    assert.equal(joinPrefilled(line, `\n${line}Sing it!`), `${line}${line}Sing it!`);
    assert.equal(
      joinPrefilled("Once upon a time there ", " a time there was"),
      "Once upon a time there a time there was",
    );
    for (const cut of [9, 12, 20, 40])
      assert.equal(joinPrefilled(STORY.slice(0, cut), STORY), STORY, `${cut}`);
    const row = '  <td class="a b c d e">0</td>\n';
    assert.equal(joinPrefilled(`${row}${row}`.trimEnd(), `\n${row}`), `${row}${row}${row}`);
  });

  it("is removed after a prefill if the model treats the partial answer as a finished turn", () => {
    const before = "It was late.\n";
    const sentence = "The cat sat on the mat and looked at the moon.";
    for (const partial of [
      `${before}The cat sat on the mat and looked at`,
      `${before}The cat sat on the mat an`,
    ]) {
      assert.equal(joinPrefilled(partial, sentence), before + sentence);
      assert.equal(joinPrefilled(partial, before + sentence), before + sentence);
    }
    const list = `Here it is:\n- two pears and a plum\n- ${sentence}`;
    assert.equal(
      joinPrefilled(list.slice(0, -6), list.slice(list.indexOf("- two"))),
      list,
      "also over several lines",
    );
    const few = `${before}The cat sat on`;
    assert.equal(
      joinPrefilled(few, "The cat sat on a mat"),
      `${few}The cat sat on a mat`,
      "but not a few words",
    );
  });

  it("holds back no text after a prefill that begins with white space", () => {
    const partial = `It was late. ${STORY.slice(0, 39)}`;
    assert.deepEqual(trim(partial, [" upon", " a time"], prefill(partial)), [" upon", " a time", ""]);
    const line = "The lines of this song are all the same\n";
    assert.equal(joinPrefilled(`Now:\n${line}`, line), `Now:\n${line}${line}`);
  });

  it("is removed if it is the white space that a prefill left out", () => {
    assert.equal(joinPrefilled("One two ", " three"), "One two three");
    assert.equal(joinPrefilled("One.\n\n", "\n\nTwo."), "One.\n\nTwo.");
    assert.equal(joinPrefilled("One.\n", "\n\nTwo."), "One.\n\nTwo.");
    assert.equal(joinPrefilled("One two ", "three"), "One two three");
    assert.equal(
      joinPrefilled("One.\n\n", "\n- Two"),
      "One.\n\n\n- Two",
      "different white space is intended",
    );
    assert.equal(joinPrefilled("One ", " "), "One ");
  });

  it("holds back no text that cannot be a repetition", () => {
    assert.deepEqual(trim(STORY.slice(0, 40), ["X", "Y"]), ["X", "Y", ""]);
    assert.deepEqual(trim("Hi", ["H", "i"]), ["H", "i", ""]);
    assert.deepEqual(trim("", ["a", "b"]), ["a", "b", ""]);
  });

  it("holds back text only until it differs from the partial answer", () => {
    const partial = STORY.slice(0, 40);
    assert.deepEqual(trim(partial, ["Once upon", " a dark night", " it"]), [
      "",
      "Once upon a dark night",
      " it",
      "",
    ]);
    assert.deepEqual(trim(partial, ["Once upon"]), ["", "Once upon"], "until the end");
  });

  it("does not depend on how the continuation is cut into pieces", () => {
    fc.assert(
      fc.property(
        difficultText,
        difficultText,
        fc.nat(60),
        fc.boolean(),
        fc.boolean(),
        piecesOf,
        (head, tail, overlap, restarts, isPrefill, cut) => {
          const partial = head + tail.slice(0, tail.length / 2);
          const continues = isPrefill ? prefill(partial) : QUOTED;
          const repeated = restarts ? partial : partial.slice(-overlap);
          const text = repeated + tail.slice(tail.length / 2);
          assert.equal(
            partial + trim(partial, cut(text), continues).join(""),
            joinContinuation(partial, text, continues),
          );
        },
      ),
      { numRuns: 2000 },
    );
  });

  it("is never longer than the repeated text, so that no new text is lost", () => {
    fc.assert(
      fc.property(difficultText, difficultText, (partial, text) => {
        const whole = joinQuoted(partial, text);
        assert.ok(
          whole.startsWith(partial) &&
            whole.endsWith(text.slice(text.length - (whole.length - partial.length))),
        );
        const trimmed = partial.length + text.length - whole.length;
        assert.ok(partial.endsWith(text.slice(0, trimmed)) || text.slice(0, trimmed) === partial);
      }),
      { numRuns: 1000 },
    );
  });

  it("is empty if the model continues exactly, at any place of any text", () => {
    const words = fc.array(fc.stringMatching(/^[a-z]{2,9}$/), { minLength: 8, maxLength: 30 });
    fc.assert(
      fc.property(words, fc.nat(), (list, at) => {
        // Numbered words, so that the text does not repeat itself.
        const text = list.map((word, nth) => `${word}${nth}`).join(" ");
        const cut = at % text.length;
        const partial = text.slice(0, cut);
        assert.equal(joinQuoted(partial, text.slice(cut)), text);
        assert.equal(joinPrefilled(partial, text.slice(partial.trimEnd().length)), text);
      }),
      { numRuns: 500 },
    );
  });

  it("stays after a prefill in a text that consists of the same few lines", () => {
    const line = fc.stringMatching(/^[a-z]{3,9}( [a-z]{3,9}){1,4}[.!,;]?$/);
    const lines = fc
      .array(line, { minLength: 1, maxLength: 3 })
      .chain((few) => fc.array(fc.constantFrom(...few), { minLength: 2, maxLength: 12 }));
    fc.assert(
      fc.property(lines, fc.nat(), (list, at) => {
        const text = `${list.join("\n")}\n`;
        const partial = text.slice(0, 1 + (at % (text.length - 1)));
        assert.equal(joinPrefilled(partial, text.slice(partial.trimEnd().length)), text);
      }),
      { numRuns: 1000 },
    );
  });

  it("stays in a refrain from its second line on, at any place", () => {
    const line = fc.stringMatching(/^[a-z]{3,9}( [a-z]{3,9}){1,4}[.!,;]?$/);
    fc.assert(
      fc.property(line, fc.integer({ min: 3, max: 6 }), fc.nat(), (one, times, at) => {
        const refrain = `${one}\n`.repeat(times);
        const second = one.length + 5;
        const cut = second + (at % (refrain.length - second));
        assert.equal(
          joinQuoted(refrain.slice(0, cut), `${refrain.slice(cut)}The end.`),
          `${refrain}The end.`,
        );
      }),
      { numRuns: 1000 },
    );
  });

  it("is found in 2 seconds if a long answer is repeated character by character", () => {
    const partial = Array.from({ length: 20_000 }, (_none, at) => `${at} `).join("");
    const startedAt = performance.now();
    assert.equal(trim(partial, [...partial, "end"]).join(""), "end");
    assert.ok(performance.now() - startedAt < 2_000);
  });
});
