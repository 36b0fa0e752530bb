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
import { anyCutter } from "../../support/inputs/cutting.js";
import { anyHardText, assertWholeCharacters } from "../../support/inputs/hard-text.js";

/** Cuts a text that grows piece by piece at each boundary. The last part is the rest at the end. */
function cutPieces(boundary: Boundary, pieces: readonly string[]): string[] {
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

/** Cuts a text that comes in one piece, and checks that character by character gives the same parts. */
function cutText(boundary: Boundary, text: string): string[] {
  const parts = cutPieces(boundary, [text]);
  assert.deepEqual(cutPieces(boundary, [...text]), parts);
  return parts;
}

describe("Sentence boundaries", () => {
  const assertSentences = (...expected: string[]) =>
    assert.deepEqual(cutText("sentence", expected.join("")), expected);

  it("lie after a stop and the white space behind it", () => {
    assertSentences("Hello there. ", "How are you?  ", "Fine! ", "Really?! ", "Well... ", "I think so.");
    assertSentences("“Is it?” ", "She said so. ", "(It was.) ", "‘No.’ ", "Yes.");
  });

  it("do not lie after abbreviations, initials and ordinals, in English and German", () => {
    assertSentences(
      "Dr. Smith met Mr. J. R. Jones of Apple Inc. in the U.S. Army. ",
      "See Fig. 3, No. 5 and p. 117. ",
      "Bye.",
    );
    assertSentences(
      "The answer is no. ",
      "There are apples, pears etc. ",
      "This is modern art. ",
      "So it is.",
    );
    assertSentences(
      "Das ist z. B. Holz bzw. Stein, d. h. ca. 3 Mio. Euro am 3. Mai im 19. Jahrhundert. ",
      "Gut.",
    );
    assertSentences("Prof. Dr. Müller wohnt in St. Gallen, Hauptstr. 105. ", "Vgl. Kapitel 3 usw. ", "Ende.");
    assertSentences(
      "Use e.g. Node.js 20.18.1 (i.e. a LTS version). ",
      "It costs approx. 3.50 dollars. ",
      "Good.",
    );
  });

  it("lie after Chinese and Japanese stops without white space, and not within Thai text", () => {
    assertSentences("你好。", "今天天气很好！", "你叫什么名字？", "他说：“好的。”", "再见");
    assertSentences("これはペンです。", "そうですか。", "はい");
    assertSentences("สวัสดีครับ ผมชื่อสมชาย วันนี้อากาศดีมาก เราไปเที่ยวกันไหม\n", "ไปครับ");
    assertSentences("𐼰𐽖", "𐼱𐽖 ", "𐼲");
    assertSentences("यह एक वाक्य है। ", "यह दूसरा है।");
  });

  it("do not lie within URLs, numbers and file names", () => {
    assertSentences("Open https://example.com/a?b=1&c=2 or read package.json v1.2.3 first. ", "Then go.");
  });

  it("lie at the end of a line, because headings and list items have no stop", () => {
    assertSentences(
      "# Title\n\n",
      "- first item\n",
      "  - second. ",
      "Still second\n",
      "1. **One.** ",
      "Two\n",
      "2. Three",
    );
  });

  it("keep Markdown marks and footnotes with their sentence", () => {
    assertSentences("Use it e.g. `a.b`. ", "`a` is it. ", "`So` too.");
    assertSentences("**Hello.** ", "It is *so.* ", "As they say.[1] ", "**Great!** ", "End");
  });

  it("are reported only once the next text shows whether a full stop ends the sentence", () => {
    assert.deepEqual(cutPieces("sentence", ["It is 3", ".", " "]), ["It is 3. "]);
    assert.deepEqual(cutPieces("sentence", ["at approx", ". ", "5 ", "dollars. ", "A"]), [
      "at approx. 5 dollars. ",
      "A",
    ]);
  });
});

describe("Code block boundaries", () => {
  const code = '```js\nconst a = "x. Y";\n\n// One. Two! Three\n```\n\n';

  it("enclose the whole code block, for sentences and paragraphs", () => {
    assert.deepEqual(cutText("sentence", `Here it is:\n${code}That. Was it`), [
      "Here it is:\n",
      code,
      "That. ",
      "Was it",
    ]);
    assert.deepEqual(cutText("paragraph", `Here it is:\n${code}Was it`), [`Here it is:\n${code}`, "Was it"]);
  });

  it("need a closing fence of the same kind and length, and inline code opens no block", () => {
    const nested = "````md\n```js\n\na. B\n```\n\n~~~\n````\n";
    assert.deepEqual(cutText("sentence", `${nested}So. B`), [nested, "So. ", "B"]);
    assert.deepEqual(cutText("sentence", "```a``` is. So\n`b` is. So"), [
      "```a``` is. ",
      "So\n",
      "`b` is. ",
      "So",
    ]);
  });

  it("are found after a part of the block was removed, even half a fence", () => {
    const finder = createBoundaryFinder("sentence")!;
    let held = "";
    const grow = (text: string) => {
      held += text;
      return finder.findBoundary(held);
    };
    const removeAll = () => {
      finder.discard(held.length, held);
      held = "";
    };
    assert.equal(grow("``"), 0);
    removeAll();
    assert.equal(grow("`js\na. B. C\n``"), 0);
    removeAll();
    assert.equal(grow("`\nNow"), 2);
  });
});

describe("Line, paragraph and word boundaries", () => {
  it("a line ends at its line feed, without waiting for more text", () => {
    assert.deepEqual(cutPieces("line", ["a\r", "\nb\n", "\n", "c"]), ["a\r\n", "b\n", "\n", "c"]);
  });

  it("a paragraph ends at blank lines, and a list item does not end it", () => {
    const expected = ["# Title\n\n", "A line\nand. Another\n \n\n", "- item\n- item\n\n", "    indented"];
    assert.deepEqual(cutText("paragraph", expected.join("")), expected);
  });

  it("a word keeps its punctuation and ends when the next word begins", () => {
    assert.deepEqual(cutPieces("word", ["Hel", "lo, wor", "ld! It’s", " e-mail", "."]), [
      "Hello, ",
      "world! ",
      "It’s ",
      "e-mail.",
    ]);
    assert.deepEqual(cutPieces("word", ["a ", " ", "\n", "b"]), ["a  \n", "b"]);
  });

  it("a word of a script without spaces ends where the dictionary says", () => {
    const words = new Intl.Segmenter(undefined, { granularity: "word" });
    for (const text of ["我们今天去北京大学看看那里的图书馆和花园", "วันนี้อากาศดีมากเราไปเที่ยวทะเลกันไหมครับ"]) {
      const cuts = cutPieces("word", [...text]);
      assert.ok(cuts.length > 4, cuts.join("|"));
      const places = new Set([...words.segment(text)].map(({ index }) => index));
      let at = 0;
      for (const cut of cuts.slice(0, -1)) {
        at += cut.length;
        assert.ok(places.has(at), cuts.join("|"));
      }
    }
  });

  it("a text that is too long is cut after a line, else after a word, else between characters", () => {
    assert.equal(findForcedCut(`${"x ".repeat(30)}\nmore and more`, 70), 61);
    assert.equal(findForcedCut(`${"word ".repeat(30)}`, 72), 70);
    assert.equal(findForcedCut("👨‍👩‍👧".repeat(20), 20), 16);
    assert.equal(findForcedCut(`a${"\u0301".repeat(300)}`, 20), 20);
  });

  it("the first word is measured with its white space, and cut if it is too long", () => {
    assert.equal(measureFirstWord("  Hello, world", 0, 40), 9);
    assert.equal(measureFirstWord("Hello", 0, 40), 0);
    assert.equal(measureFirstWord("Hello ", 0, 40), 0);
    assert.equal(measureFirstWord("x".repeat(100), 0, 40), 40);
    assert.equal(measureFirstWord("你好，世界", 0, 40), 0);
    assert.equal(measureFirstWord("你好，世界，你好，世界", 0, 40), 3);
  });
});

describe("Grapheme boundaries", () => {
  it("are respected by all boundaries, wherever the model cuts its pieces", () => {
    fc.assert(
      fc.property(
        anyHardText,
        fc.constantFrom("word", "sentence", "line", "paragraph"),
        anyCutter,
        (text, boundary, cutter) => {
          assertWholeCharacters(cutPieces(boundary as Boundary, cutter(text)), text);
        },
      ),
      { numRuns: 500 },
    );
  });

  it("P11: no boundary lies within a surrogate pair or after a character that may still grow", () => {
    assert.equal(findStableBoundary("a\ud83d", 1), 0);
    assert.equal(findStableBoundary("\ud83d\ude00b", 1), 2);
    assert.equal(findStableBoundary("e\u0301b", 1), 2);
    assert.equal(findStableBoundary("\r\n.", 1), 2);
    assert.equal(findPreviousBoundary("ab🙂c", 3), 2);
    for (const [text, stable] of [
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
      assert.equal(measureStableText(text), stable, text);
    }
  });

  it("do not depend on the pieces for sentences, paragraphs and lines", () => {
    fc.assert(
      fc.property(
        anyHardText,
        fc.constantFrom("sentence", "paragraph", "line"),
        anyCutter,
        (text, boundary, cutter) => {
          assert.deepEqual(
            cutPieces(boundary as Boundary, cutter(text)),
            cutPieces(boundary as Boundary, [text]),
          );
        },
      ),
      { numRuns: 500 },
    );
  });
});
