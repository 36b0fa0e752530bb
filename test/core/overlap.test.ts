import assert from "node:assert/strict";
import fc from "fast-check";
import { OverlapTrimmer, spliced } from "../../src/core/overlap.js";
import { difficultText, piecesOf } from "../support/hard-text.js";

/** What a reader gets of pieces that come one after the other, each as it comes. */
function given(said: string, pieces: readonly string[], echo = ""): string[] {
  const trimmer = new OverlapTrimmer(said, echo);
  return [...pieces.map((piece) => trimmer.push(piece)), trimmer.end()];
}

const STORY = "Once upon a time there was a lighthouse keeper who counted the waves.";

describe("An overlap", () => {
  it("is taken away where a model repeats its last words", () => {
    for (const from of [12, 16, 17, 25, 39]) {
      const said = STORY.slice(0, 39);
      assert.equal(spliced(said, said.slice(-from) + STORY.slice(39)), STORY, said.slice(-from));
    }
  });

  it("is taken away where a model begins anew from the first word", () => {
    for (const cut of [9, 12, 20, 40, STORY.length]) {
      assert.equal(spliced(STORY.slice(0, cut), STORY), STORY, `${cut}`);
    }
    const long = STORY.repeat(40).replace(/waves/g, (word, at) => `${word} ${at}`);
    assert.equal(spliced(long.slice(0, 2500), long), long);
  });

  it("of a few characters may be chance and stays", () => {
    assert.equal(spliced("The first three are 1, 2, 3", ", 3"), "The first three are 1, 2, 3, 3");
    assert.equal(spliced("Hello", "Hello world"), "HelloHello world");
    assert.equal(spliced("again and", " again and again"), "again and again and again");
  });

  it("of three words is none by chance", () => {
    assert.equal(spliced("Once upon a time there ", "a time there was"), "Once upon a time there was");
    assert.equal(
      spliced("over and over and ", "over and over again"),
      "over and over and over and over again",
    );
  });

  it("of two words is none by chance where it would run into the last word", () => {
    assert.equal(spliced("The quick brown fox", "brown fox jumps"), "The quick brown fox jumps");
    assert.equal(spliced("Hello wor", "Hello world!"), "Hello world!");
  });

  it("is no repetition where a pattern goes on by nature", () => {
    for (const pattern of ["-", " ", "=-", "ha ", "| --- ", "0 1 ", "天地"]) {
      const line = pattern.repeat(40);
      for (const cut of [10, 17, 18, 33, 34, 40]) {
        assert.equal(spliced(line.slice(0, cut), line.slice(cut)), line, `${pattern} at ${cut}`);
      }
    }
  });

  it("takes white space away that a model writes again since it was not told of it", () => {
    assert.equal(spliced("One two ", " three", " "), "One two three");
    assert.equal(spliced("One.\n\n", "\n\nTwo.", "\n\n"), "One.\n\nTwo.");
    assert.equal(spliced("One.\n", "\n\nTwo.", "\n"), "One.\n\nTwo.");
    assert.equal(spliced("One two ", "three", " "), "One two three");
    assert.equal(spliced("One.\n\n", "\n- Two", "\n\n"), "One.\n\n\n- Two", "other than before: it is meant");
    assert.equal(spliced("One ", " ", " "), "One ");
  });

  it("holds back nothing that cannot be a repetition", () => {
    assert.deepEqual(given(STORY.slice(0, 40), ["X", "Y"]), ["X", "Y", ""]);
    assert.deepEqual(given("Hi", ["H", "i"]), ["H", "i", ""]);
    assert.deepEqual(given("", ["a", "b"]), ["a", "b", ""]);
  });

  it("holds text back only until it shows that it is none", () => {
    const said = STORY.slice(0, 40);
    assert.deepEqual(given(said, ["Once upon", " a dark night", " it"]), [
      "",
      "Once upon a dark night",
      " it",
      "",
    ]);
    assert.deepEqual(given(said, ["Once upon"]), ["", "Once upon"], "or until the end");
  });

  it("is the same however the text is cut", () => {
    fc.assert(
      fc.property(
        difficultText,
        difficultText,
        fc.nat(60),
        fc.boolean(),
        piecesOf,
        (head, tail, back, anew, cut) => {
          const said = head + tail.slice(0, tail.length / 2);
          const echo = said.slice(said.trimEnd().length);
          const repeated = anew ? said : said.slice(-back);
          const text = repeated + tail.slice(tail.length / 2);
          assert.equal(said + given(said, cut(text), echo).join(""), spliced(said, text, echo));
        },
      ),
      { numRuns: 1000 },
    );
  });

  it("is never more than what was said: nothing new gets lost", () => {
    fc.assert(
      fc.property(difficultText, difficultText, (said, text) => {
        const whole = spliced(said, text);
        assert.ok(
          whole.startsWith(said) && whole.endsWith(text.slice(text.length - (whole.length - said.length))),
        );
        const trimmed = said.length + text.length - whole.length;
        assert.ok(said.endsWith(text.slice(0, trimmed)) || text.slice(0, trimmed) === said);
      }),
      { numRuns: 1000 },
    );
  });

  it("joins any text at any place where the model goes on exactly", () => {
    const words = fc.array(fc.stringMatching(/^[a-z]{2,9}$/), { minLength: 8, maxLength: 30 });
    fc.assert(
      fc.property(words, fc.nat(), (list, at) => {
        // Each word with its number: a text that does not repeat itself.
        const text = list.map((word, nth) => `${word}${nth}`).join(" ");
        const cut = at % text.length;
        const said = text.slice(0, cut);
        const begun = said.trimEnd();
        assert.equal(spliced(said, text.slice(cut)), text);
        assert.equal(spliced(said, text.slice(begun.length), said.slice(begun.length)), text);
      }),
      { numRuns: 500 },
    );
  });

  it("costs little where a long answer is repeated character by character", () => {
    const said = Array.from({ length: 20_000 }, (_none, at) => `${at} `).join("");
    const begun = performance.now();
    assert.equal(given(said, [...said, "end"]).join(""), "end");
    assert.ok(performance.now() - begun < 2_000);
  });
});
