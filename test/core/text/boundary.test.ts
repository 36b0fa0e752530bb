import assert from "node:assert/strict";
import fc from "fast-check";
import { createBoundaryFinder } from "../../../src/core/text/boundary.js";
import type { Boundary } from "../../../src/core/text/boundary-finder.js";
import {
  findPreviousBoundary,
  findStableBoundary,
  measureStableText,
} from "../../../src/core/text/graphemes.js";
import { findForcedCut, measureFirstWord } from "../../../src/core/text/words.js";
import { assertWholeCharacters, difficultText, piecesOf } from "../../support/inputs/hard-text.js";

/** Cuts a text that grows by pieces wherever it is whole. The last part is what is left at the end. */
function cutUp(boundary: Boundary, pieces: readonly string[]): string[] {
  const finder = createBoundaryFinder(boundary)!;
  const parts: string[] = [];
  let held = "";
  for (const piece of pieces) {
    held += piece;
    for (let length = finder.findBoundary(held); length > 0; length = finder.findBoundary(held)) {
      finder.discard(length, held);
      parts.push(held.slice(0, length));
      held = held.slice(length);
    }
  }
  return held === "" ? parts : [...parts, held];
}

/** The same, as if the text came in one piece and character by character. */
function parts(boundary: Boundary, text: string): string[] {
  const whole = cutUp(boundary, [text]);
  assert.deepEqual(cutUp(boundary, [...text]), whole);
  return whole;
}

describe("Sentences", () => {
  const sentences = (...expected: string[]) =>
    assert.deepEqual(parts("sentence", expected.join("")), expected);

  it("end at stops, with the gap behind them", () => {
    sentences("Hello there. ", "How are you?  ", "Fine! ", "Really?! ", "Well... ", "I think so.");
    sentences("“Is it?” ", "She said so. ", "(It was.) ", "‘No.’ ", "Yes.");
  });

  it("go on in abbreviations, initials and ordinals, in English and in German", () => {
    sentences(
      "Dr. Smith met Mr. J. R. Jones of Apple Inc. in the U.S. Army. ",
      "See Fig. 3, No. 5 and p. 117. ",
      "Bye.",
    );
    sentences("The answer is no. ", "There are apples, pears etc. ", "This is modern art. ", "So it is.");
    sentences("Das ist z. B. Holz bzw. Stein, d. h. ca. 3 Mio. Euro am 3. Mai im 19. Jahrhundert. ", "Gut.");
    sentences("Prof. Dr. Müller wohnt in St. Gallen, Hauptstr. 105. ", "Vgl. Kapitel 3 usw. ", "Ende.");
    sentences("Use e.g. Node.js 20.18.1 (i.e. a LTS version). ", "It costs approx. 3.50 dollars. ", "Good.");
  });

  it("end in Chinese and Japanese where no gap follows, and not in the middle of Thai", () => {
    sentences("你好。", "今天天气很好！", "你叫什么名字？", "他说：“好的。”", "再见");
    sentences("これはペンです。", "そうですか。", "はい");
    sentences("สวัสดีครับ ผมชื่อสมชาย วันนี้อากาศดีมาก เราไปเที่ยวกันไหม\n", "ไปครับ");
    sentences("𐼰𐽖", "𐼱𐽖 ", "𐼲");
    sentences("यह एक वाक्य है। ", "यह दूसरा है।");
  });

  it("do not end in addresses, numbers and names of files", () => {
    sentences("Open https://example.com/a?b=1&c=2 or read package.json v1.2.3 first. ", "Then go.");
  });

  it("end at the end of a line: headings and lists have no stops", () => {
    sentences(
      "# Title\n\n",
      "- first item\n",
      "  - second. ",
      "Still second\n",
      "1. **One.** ",
      "Two\n",
      "2. Three",
    );
  });

  it("keep Markdown's marks and footnotes with the sentence", () => {
    sentences("Use it e.g. `a.b`. ", "`a` is it. ", "`So` too.");
    sentences("**Hello.** ", "It is *so.* ", "As they say.[1] ", "**Great!** ", "End");
  });

  it("wait for what says whether a full stop is an end", () => {
    assert.deepEqual(cutUp("sentence", ["It is 3", ".", " "]), ["It is 3. "]);
    assert.deepEqual(cutUp("sentence", ["at approx", ". ", "5 ", "dollars. ", "A"]), [
      "at approx. 5 dollars. ",
      "A",
    ]);
  });
});

describe("Code blocks", () => {
  const code = '```js\nconst a = "x. Y";\n\n// One. Two! Three\n```\n\n';

  it("are whole in sentences and in paragraphs, however they arrive", () => {
    assert.deepEqual(parts("sentence", `Here it is:\n${code}That. Was it`), [
      "Here it is:\n",
      code,
      "That. ",
      "Was it",
    ]);
    assert.deepEqual(parts("paragraph", `Here it is:\n${code}Was it`), [`Here it is:\n${code}`, "Was it"]);
  });

  it("end with a fence of their own kind and length, and begin with no inline code", () => {
    const nested = "````md\n```js\n\na. B\n```\n\n~~~\n````\n";
    assert.deepEqual(parts("sentence", `${nested}So. B`), [nested, "So. ", "B"]);
    assert.deepEqual(parts("sentence", "```a``` is. So\n`b` is. So"), [
      "```a``` is. ",
      "So\n",
      "`b` is. ",
      "So",
    ]);
  });

  it("are known as such when a part has gone already, even the half of a fence", () => {
    const finder = createBoundaryFinder("sentence")!;
    let held = "";
    const grow = (text: string) => {
      held += text;
      return finder.findBoundary(held);
    };
    const lose = () => {
      finder.discard(held.length, held);
      held = "";
    };
    assert.equal(grow("``"), 0);
    lose();
    assert.equal(grow("`js\na. B. C\n``"), 0);
    lose();
    assert.equal(grow("`\nNow"), 2);
  });
});

describe("Lines, paragraphs and words", () => {
  it("lines end at once, with their line feed", () => {
    assert.deepEqual(cutUp("line", ["a\r", "\nb\n", "\n", "c"]), ["a\r\n", "b\n", "\n", "c"]);
  });

  it("paragraphs end at empty lines, and lists within them do not", () => {
    const expected = ["# Title\n\n", "A line\nand. Another\n \n\n", "- item\n- item\n\n", "    indented"];
    assert.deepEqual(parts("paragraph", expected.join("")), expected);
  });

  it("words keep what stands around them, and are whole when the next begins", () => {
    assert.deepEqual(cutUp("word", ["Hel", "lo, wor", "ld! It’s", " e-mail", "."]), [
      "Hello, ",
      "world! ",
      "It’s ",
      "e-mail.",
    ]);
    assert.deepEqual(cutUp("word", ["a ", " ", "\n", "b"]), ["a  \n", "b"]);
  });

  it("words of scripts without spaces are those of a dictionary", () => {
    const words = new Intl.Segmenter(undefined, { granularity: "word" });
    for (const text of ["我们今天去北京大学看看那里的图书馆和花园", "วันนี้อากาศดีมากเราไปเที่ยวทะเลกันไหมครับ"]) {
      const cuts = cutUp("word", [...text]);
      assert.ok(cuts.length > 4, cuts.join("|"));
      const places = new Set([...words.segment(text)].map(({ index }) => index));
      let at = 0;
      for (const cut of cuts.slice(0, -1)) {
        at += cut.length;
        assert.ok(places.has(at), cuts.join("|"));
      }
    }
  });

  it("what is too long is cut at a line, else at a word, else between characters", () => {
    assert.equal(findForcedCut(`${"x ".repeat(30)}\nmore and more`, 70), 61);
    assert.equal(findForcedCut(`${"word ".repeat(30)}`, 72), 70);
    assert.equal(findForcedCut("👨‍👩‍👧".repeat(20), 20), 16);
    assert.equal(findForcedCut(`a${"\u0301".repeat(300)}`, 20), 20);
  });

  it("the first word of a text is found with its gap, or a part of what has none", () => {
    assert.equal(measureFirstWord("  Hello, world", 0, 40), 9);
    assert.equal(measureFirstWord("Hello", 0, 40), 0);
    assert.equal(measureFirstWord("Hello ", 0, 40), 0);
    assert.equal(measureFirstWord("x".repeat(100), 0, 40), 40);
    assert.equal(measureFirstWord("你好，世界", 0, 40), 0);
    assert.equal(measureFirstWord("你好，世界，你好，世界", 0, 40), 3);
  });
});

describe("Characters, as a reader sees them", () => {
  it("are never cut by a boundary, wherever the model's pieces are cut", () => {
    fc.assert(
      fc.property(
        difficultText,
        fc.constantFrom("word", "sentence", "line", "paragraph"),
        piecesOf,
        (text, boundary, cutter) => {
          assertWholeCharacters(cutUp(boundary as Boundary, cutter(text)), text);
        },
      ),
      { numRuns: 500 },
    );
  });

  it("P11: half a surrogate pair is no place to cut, and neither is what looks unfinished", () => {
    assert.equal(findStableBoundary("a\ud83d", 1), 0);
    assert.equal(findStableBoundary("\ud83d\ude00b", 1), 2);
    assert.equal(findStableBoundary("e\u0301b", 1), 2);
    assert.equal(findStableBoundary("\r\n.", 1), 2);
    assert.equal(findPreviousBoundary("ab🙂c", 3), 2);
    for (const [text, solid] of [
      ["plain", 5],
      ["日本", 2],
      ["Größe", 5],
      ["a🙂", 1],
      ["a\ud83d", 1],
      ["a🇩", 1],
      ["กก", 1],
      ["a\r", 1],
      ["", 0],
    ] as const) {
      assert.equal(measureStableText(text), solid, text);
    }
  });

  it("are found alike in one piece and in many, for sentences and paragraphs", () => {
    fc.assert(
      fc.property(
        difficultText,
        fc.constantFrom("sentence", "paragraph", "line"),
        piecesOf,
        (text, boundary, cutter) => {
          assert.deepEqual(cutUp(boundary as Boundary, cutter(text)), cutUp(boundary as Boundary, [text]));
        },
      ),
      { numRuns: 500 },
    );
  });
});
