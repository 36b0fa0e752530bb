import assert from "node:assert/strict";
import fc from "fast-check";
import { buildContinuation, type ContinuationInfo } from "../../../src/core/retry/continuation.js";
import { joinContinuation, OverlapTrimmer } from "../../../src/core/retry/overlap-trimmer.js";
import { difficultText, piecesOf } from "../../support/inputs/hard-text.js";

const QUOTED: ContinuationInfo = { added: 2, echo: "" };

/** How a model is asked to go on into whose mouth this is put. */
const prefill = (said: string): ContinuationInfo => buildContinuation([], said, "prefill").continues;

const quoted = (said: string, text: string) => joinContinuation(said, text, QUOTED);
const prefilled = (said: string, text: string) => joinContinuation(said, text, prefill(said));

/** What a reader gets of pieces that come one after the other, each as it comes. */
function given(said: string, pieces: readonly string[], continues = QUOTED): string[] {
  const trimmer = new OverlapTrimmer(said, continues);
  return [...pieces.map((piece) => trimmer.push(piece)), trimmer.end()];
}

const STORY = "Once upon a time there was a lighthouse keeper who counted the waves.";

describe("An overlap", () => {
  it("is taken away where a model repeats its last words", () => {
    for (const from of [12, 16, 17, 25, 39]) {
      const said = STORY.slice(0, 39);
      assert.equal(quoted(said, said.slice(-from) + STORY.slice(39)), STORY, said.slice(-from));
    }
  });

  it("is taken away where a model begins anew from the first word", () => {
    for (const cut of [9, 12, 20, 40, STORY.length]) {
      assert.equal(quoted(STORY.slice(0, cut), STORY), STORY, `${cut}`);
    }
    const long = STORY.repeat(40).replace(/waves/g, (word, at) => `${word} ${at}`);
    assert.equal(quoted(long.slice(0, 2500), long), long);
  });

  it("of a few characters may be chance and stays", () => {
    assert.equal(quoted("The first three are 1, 2, 3", ", 3"), "The first three are 1, 2, 3, 3");
    assert.equal(quoted("Hello", "Hello world"), "HelloHello world");
    assert.equal(quoted("again and", " again and again"), "again and again and again");
  });

  it("of three words is none by chance", () => {
    assert.equal(quoted("Once upon a time there ", "a time there was"), "Once upon a time there was");
    assert.equal(
      quoted("over and over and ", "over and over again"),
      "over and over and over and over again",
    );
  });

  it("of two words is none by chance where it would run into the last word", () => {
    assert.equal(quoted("The quick brown fox", "brown fox jumps"), "The quick brown fox jumps");
    assert.equal(quoted("Hello wor", "Hello world!"), "Hello world!");
  });

  it("is no repetition where a pattern goes on by nature", () => {
    for (const pattern of ["-", " ", "=-", "ha ", "| --- ", "0 1 ", "天地"]) {
      const line = pattern.repeat(40);
      for (const cut of [10, 17, 18, 33, 34, 40]) {
        assert.equal(quoted(line.slice(0, cut), line.slice(cut)), line, `${pattern} at ${cut}`);
      }
    }
  });

  it("is no repetition where the text had repeated itself before", () => {
    const line = "We will, we will rock you\n";
    const row = "| 0 | 0 | 1 |\n";
    for (const [said, text] of [
      [line + line, `${line}Sing it!`],
      [`${line}We will,`, ` we will rock you\n${line}`],
      [`Buddy\n${line}${line}Kick your can\n${line}`, line],
      [`| a | b | c |\n${row}${row}`, row],
      ["0 0 0 0 0 0 0 0\n", "0 0 0 0 0 0 0 0\n1 0 0 0 0 0 0 0\n"],
    ] as const) {
      assert.equal(quoted(said, text), said + text);
    }
    const said = `${line}${line}`.trim();
    assert.equal(quoted(said, `${line}Sing it!`), `${said}\nSing it!`, "but it would run into the last word");
  });

  it("is none where a model goes on exactly, unless it begins anew or runs whole phrases into the last word", () => {
    const line = "We will rock you\n";
    assert.equal(prefilled(`${line}Sing it\n${line}`, `\n${line}`), `${line}Sing it\n${line}${line}`);
    assert.equal(prefilled(line, `\n${line}Sing it!`), `${line}${line}Sing it!`);
    assert.equal(
      prefilled("Once upon a time there ", " a time there was"),
      "Once upon a time there a time there was",
    );
    for (const cut of [9, 12, 20, 40]) assert.equal(prefilled(STORY.slice(0, cut), STORY), STORY, `${cut}`);
    const row = '  <td class="a b c d e">0</td>\n';
    assert.equal(prefilled(`${row}${row}`.trimEnd(), `\n${row}`), `${row}${row}${row}`);
  });

  it("is taken away where a model that should go on exactly takes what it has said for a finished turn", () => {
    const before = "It was late.\n";
    const sentence = "The cat sat on the mat and looked at the moon.";
    for (const said of [
      `${before}The cat sat on the mat and looked at`,
      `${before}The cat sat on the mat an`,
    ]) {
      assert.equal(prefilled(said, sentence), before + sentence);
      assert.equal(prefilled(said, before + sentence), before + sentence);
    }
    const list = `Here it is:\n- two pears and a plum\n- ${sentence}`;
    assert.equal(
      prefilled(list.slice(0, -6), list.slice(list.indexOf("- two"))),
      list,
      "of several lines too",
    );
    const few = `${before}The cat sat on`;
    assert.equal(prefilled(few, "The cat sat on a mat"), `${few}The cat sat on a mat`, "but for a few words");
  });

  it("is looked for only within a line, where a model goes on exactly: nothing else is held back", () => {
    const said = `It was late. ${STORY.slice(0, 39)}`;
    assert.deepEqual(given(said, [" upon", " a time"], prefill(said)), [" upon", " a time", ""]);
    const line = "The lines of this song are all the same\n";
    assert.equal(prefilled(`Now:\n${line}`, line), `Now:\n${line}${line}`);
  });

  it("takes white space away that a model writes again since it was not told of it", () => {
    assert.equal(prefilled("One two ", " three"), "One two three");
    assert.equal(prefilled("One.\n\n", "\n\nTwo."), "One.\n\nTwo.");
    assert.equal(prefilled("One.\n", "\n\nTwo."), "One.\n\nTwo.");
    assert.equal(prefilled("One two ", "three"), "One two three");
    assert.equal(prefilled("One.\n\n", "\n- Two"), "One.\n\n\n- Two", "other than before: it is meant");
    assert.equal(prefilled("One ", " "), "One ");
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
        fc.boolean(),
        piecesOf,
        (head, tail, back, anew, exact, cut) => {
          const said = head + tail.slice(0, tail.length / 2);
          const continues = exact ? prefill(said) : QUOTED;
          const repeated = anew ? said : said.slice(-back);
          const text = repeated + tail.slice(tail.length / 2);
          assert.equal(
            said + given(said, cut(text), continues).join(""),
            joinContinuation(said, text, continues),
          );
        },
      ),
      { numRuns: 2000 },
    );
  });

  it("is never more than what was said: nothing new gets lost", () => {
    fc.assert(
      fc.property(difficultText, difficultText, (said, text) => {
        const whole = quoted(said, text);
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
        assert.equal(quoted(said, text.slice(cut)), text);
        assert.equal(prefilled(said, text.slice(said.trimEnd().length)), text);
      }),
      { numRuns: 500 },
    );
  });

  it("joins a text that says nothing but the same few lines where the model goes on exactly", () => {
    const line = fc.stringMatching(/^[a-z]{3,9}( [a-z]{3,9}){1,4}[.!,;]?$/);
    const lines = fc
      .array(line, { minLength: 1, maxLength: 3 })
      .chain((few) => fc.array(fc.constantFrom(...few), { minLength: 2, maxLength: 12 }));
    fc.assert(
      fc.property(lines, fc.nat(), (list, at) => {
        const text = `${list.join("\n")}\n`;
        const said = text.slice(0, 1 + (at % (text.length - 1)));
        assert.equal(prefilled(said, text.slice(said.trimEnd().length)), text);
      }),
      { numRuns: 1000 },
    );
  });

  it("joins a refrain from its second line on, at any place, also where the model is asked to go on", () => {
    const line = fc.stringMatching(/^[a-z]{3,9}( [a-z]{3,9}){1,4}[.!,;]?$/);
    fc.assert(
      fc.property(line, fc.integer({ min: 3, max: 6 }), fc.nat(), (one, times, at) => {
        const refrain = `${one}\n`.repeat(times);
        const second = one.length + 5;
        const cut = second + (at % (refrain.length - second));
        assert.equal(quoted(refrain.slice(0, cut), `${refrain.slice(cut)}The end.`), `${refrain}The end.`);
      }),
      { numRuns: 1000 },
    );
  });

  it("costs little where a long answer is repeated character by character", () => {
    const said = Array.from({ length: 20_000 }, (_none, at) => `${at} `).join("");
    const begun = performance.now();
    assert.equal(given(said, [...said, "end"]).join(""), "end");
    assert.ok(performance.now() - begun < 2_000);
  });
});
