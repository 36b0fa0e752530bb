import assert from "node:assert/strict";
import fc from "fast-check";
import { buildContinuation, type ContinuationInfo } from "../../../src/core/retry/continuation.js";
import { joinContinuation, OverlapTrimmer } from "../../../src/core/retry/overlap-trimmer.js";
import { anyCutter } from "../../support/inputs/cutting.js";
import { anyHardText } from "../../support/inputs/hard-text.js";

const UNCLEAR = "\0unclear";
const QUOTED: ContinuationInfo = { added: 2, echo: "" };

/** How a model is asked to continue a text by a prefill. */
const prefill = (text: string): ContinuationInfo => buildContinuation([], text, "prefill").continues;

const joinQuoted = (text: string, more: string) => joinContinuation(text, more, QUOTED);
const joinPrefilled = (text: string, more: string) => joinContinuation(text, more, prefill(text));

/** Trims a continuation in pieces. @returns the reader's part of each: `↺` marks a restart, `UNCLEAR` starting over */
function readPieces(text: string, pieces: readonly string[], info = QUOTED): string[] {
  const trimmer = new OverlapTrimmer(text, info);
  return [...pieces.map((piece) => trimmer.push(piece)), trimmer.end()].map((continued) => {
    if (continued.kind === "unclear") return UNCLEAR;
    return continued.kind === "restart" ? `↺${continued.text}` : continued.text;
  });
}

const STORY = "Once upon a time there was a lighthouse keeper who counted the waves.";

describe("Overlap of a continuation", () => {
  it("is removed if it has 16 characters or more", () => {
    for (const join of [joinQuoted, joinPrefilled]) {
      for (const length of [16, 22, 29]) {
        const text = STORY.slice(0, 39);
        assert.equal(join(text, text.slice(-length) + STORY.slice(39)), STORY, `${length}`);
      }
    }
  });

  it("is removed if the answer starts again from its first word", () => {
    for (const join of [joinQuoted, joinPrefilled]) {
      for (const cut of [16, 20, 40, STORY.length]) assert.equal(join(STORY.slice(0, cut), STORY), STORY);
    }
    const long = STORY.repeat(40).replace(/waves/g, (word, at) => `${word} ${at}`);
    assert.equal(joinQuoted(long.slice(0, 2500), long), long);
  });

  it("restarts the text if the answer starts again and then differs", () => {
    const other = "Once upon a time there lived a king.";
    for (const join of [joinQuoted, joinPrefilled]) assert.equal(join(STORY.slice(0, 40), other), other);
    assert.deepEqual(readPieces(STORY.slice(0, 40), ["Once upon a time", " there lived", " a king."]), [
      "",
      "↺Once upon a time there lived",
      " a king.",
      "",
    ]);
  });

  it("is unclear if several lines of the answer begin like the continuation", () => {
    const rows = [1, 2, 3].map((id) => `INSERT INTO users VALUES (${id}, 'name ${id}');\n`).join("");
    assert.equal(joinQuoted(rows, "INSERT INTO users VALUES (4, 'name 4');\n"), undefined);
  });

  it("is unclear if a quoted answer repeats a few last words", () => {
    for (const [text, more] of [
      ["Hello", "Hello world"],
      ["Hello wor", "wor ld"],
      ["again and", " and again"],
      ["The quick brown fox", "brown fox jumps"],
      ["Ja.\n", "Ja.\nOh ja."],
      ["I", "I am"],
    ] as const) {
      assert.equal(joinQuoted(text, more), undefined, more);
    }
  });

  it("stays if it is less than a word and four characters", () => {
    assert.equal(joinQuoted("They are 11, 12, 13", "3, 14"), "They are 11, 12, 133, 14");
    assert.equal(joinQuoted("Banana", "na split"), "Banana split".replace("Banana", "Bananana"));
    assert.equal(joinQuoted("Once upon ", " a time"), "Once upon  a time");
  });

  it("is unclear if a pattern continues or the text repeated itself before", () => {
    for (const pattern of ["-", "=-", "ha ", "| --- ", "0 1 "]) {
      const line = `Begin: ${pattern.repeat(40)}`;
      for (const cut of [30, 31, 37]) {
        assert.equal(joinQuoted(line.slice(0, cut), line.slice(cut)), undefined, `${pattern} at ${cut}`);
      }
    }
    const line = "We will, we will rock you\n";
    assert.equal(joinQuoted(line + line, `${line}Sing it!`), undefined);
  });

  it("stays after a prefill if the continuation begins with white space or the overlap is short", () => {
    const line = "We will rock you\n";
    assert.equal(joinPrefilled(`${line}Sing it\n${line}`, `\n${line}`), `${line}Sing it\n${line}${line}`);
    assert.equal(joinPrefilled(line, `\n${line}Sing it!`), `${line}${line}Sing it!`);
    assert.equal(joinPrefilled("so it was, so it", " was"), "so it was, so it was");
    assert.equal(joinPrefilled("It ran on and on and", " on and on"), "It ran on and on and on and on");
    assert.equal(joinPrefilled("He said that that", "that one"), "He said that thatthat one");
  });

  it("is removed if it is the white space that a prefill left out", () => {
    assert.equal(joinPrefilled("One two ", " three"), "One two three");
    assert.equal(joinPrefilled("One.\n\n", "\n\nTwo."), "One.\n\nTwo.");
    assert.equal(joinPrefilled("One.\n", "\n\nTwo."), "One.\n\nTwo.");
    assert.equal(joinPrefilled("One two ", "three"), "One two three");
    assert.equal(joinPrefilled("One.\n\n", "\n- Two"), "One.\n\n\n- Two", "other than before: it is meant");
    assert.equal(joinPrefilled("One ", " "), "One ");
  });

  it("holds back text only while it may be a repetition", () => {
    assert.deepEqual(readPieces(STORY.slice(0, 40), ["X", "Y"]), ["X", "Y", ""]);
    assert.deepEqual(readPieces("", ["a", "b"]), ["a", "b", ""]);
    assert.deepEqual(readPieces(STORY.slice(0, 40), ["Once upon", " a dark night", " it"]), [
      "",
      "Once upon a dark night",
      " it",
      "",
    ]);
    assert.deepEqual(readPieces(STORY.slice(0, 40), ["Once upon"]), ["", "Once upon"], "or until the end");
  });

  it("does not depend on how the continuation is cut into pieces", () => {
    fc.assert(
      fc.property(
        anyHardText,
        anyHardText,
        fc.nat(60),
        fc.boolean(),
        fc.boolean(),
        anyCutter,
        (head, tail, back, anew, exact, cut) => {
          const text = head + tail.slice(0, tail.length / 2);
          const info = exact ? prefill(text) : QUOTED;
          const repeated = anew ? text : text.slice(-back);
          const more = repeated + tail.slice(tail.length / 2);
          // A piece that begins with this sign stands for a restart.
          fc.pre(!more.includes("↺"));
          let joined: string | undefined = text;
          for (const piece of readPieces(text, cut(more), info)) {
            if (joined === undefined || piece === UNCLEAR) joined = undefined;
            else joined = piece.startsWith("↺") ? piece.slice(1) : joined + piece;
          }
          assert.equal(joined, joinContinuation(text, more, info));
        },
      ),
      { numRuns: 2000 },
    );
  });

  it("is never longer than the repeated text, so that no new text is lost", () => {
    fc.assert(
      fc.property(anyHardText, anyHardText, (text, more) => {
        const whole = joinQuoted(text, more);
        if (whole === undefined || whole === more) return;
        const trimmed = text.length + more.length - whole.length;
        assert.equal(whole, text + more.slice(trimmed));
        assert.ok(text.endsWith(more.slice(0, trimmed)));
      }),
      { numRuns: 1000 },
    );
  });

  it("is empty or unclear if the model continues exactly, at any place of any text", () => {
    const word = fc.stringMatching(/^[a-z]{2,9}$/);
    const lines = fc
      .array(fc.stringMatching(/^[a-z]{3,9}( [a-z]{3,9}){1,4}[.!,;]?$/), { minLength: 1, maxLength: 3 })
      .chain((few) => fc.array(fc.constantFrom(...few), { minLength: 2, maxLength: 12 }))
      .map((list) => `${list.join("\n")}\n`);
    const unlike = fc
      .array(word, { minLength: 8, maxLength: 30 })
      .map((list) => list.map((one, nth) => `${one}${nth}`).join(" "));
    fc.assert(
      fc.property(fc.oneof(lines, unlike), fc.nat(), (text, at) => {
        const begun = text.slice(0, 1 + (at % (text.length - 1)));
        const prefilled = joinPrefilled(begun, text.slice(begun.trimEnd().length));
        if (prefilled !== undefined) assert.equal(prefilled, text);
        const quoted = joinQuoted(begun, text.slice(begun.length));
        if (quoted !== undefined && begun.length < 16) assert.equal(quoted, text);
      }),
      { numRuns: 2000 },
    );
  });

  it("is empty if the model continues exactly a text without repetitions", () => {
    const words = fc.array(fc.stringMatching(/^[a-z]{2,9}$/), { minLength: 8, maxLength: 30 });
    fc.assert(
      fc.property(words, fc.nat(), (list, at) => {
        const text = list.map((word, nth) => `${word}${nth}`).join(" ");
        const begun = text.slice(0, 16 + (at % (text.length - 16)));
        assert.equal(joinPrefilled(begun, text.slice(begun.trimEnd().length)), text);
      }),
      { numRuns: 500 },
    );
  });

  it("is found fast if a long answer is repeated character by character", () => {
    const text = Array.from({ length: 20_000 }, (_none, at) => `${at} `).join("");
    assert.equal(readPieces(text, [...text, "end"]).join(""), "end");
    assert.equal(readPieces("a".repeat(20_000), [..."a".repeat(20_000), "end"]).at(-1), "");
  });
});
