import assert from "node:assert/strict";
import fc from "fast-check";

const GRAPHEMES = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** Asserts that the parts join to the text and that each cut is between graphemes, the characters that people see. */
export function assertWholeCharacters(parts: readonly string[], text: string): void {
  assert.equal(parts.join(""), text);
  const places = new Set([...GRAPHEMES.segment(text)].map(({ index }) => index));
  let at = 0;
  for (const part of parts.slice(0, -1)) {
    at += part.length;
    assert.ok(at === text.length || places.has(at), `cut at ${at}: ${JSON.stringify(parts)}`);
  }
}

/** Text that is hard to cut: combining marks, composed emoji, scripts without spaces, code fences, abbreviations. */
export const anyHardText = fc
  .array(
    fc.oneof(
      {
        weight: 3,
        arbitrary: fc.constantFrom("Hello", "world", "the", "z. B. ", "Dr. ", "3", "x=1", "https://a.b/c?d"),
      },
      {
        weight: 3,
        arbitrary: fc.constantFrom(" ", " ", ". ", "! ", "? ", ", ", "\n", "\n\n", "\r\n", "  ", ".", "..."),
      },
      {
        weight: 2,
        arbitrary: fc.constantFrom(
          "e\u0301",
          "👨‍👩‍👧",
          "👍🏽",
          "🇩🇪🇫🇷",
          "1\ufe0f\u20e3",
          "❤\ufe0f",
          "\u0301",
          "🙂",
        ),
      },
      {
        weight: 1,
        arbitrary: fc.constantFrom(
          "你好。",
          "世界",
          "นี้",
          "ไป",
          "한국",
          "𐽖",
          "क्षि",
          "。",
          "”",
          "「",
          "**",
          "`",
        ),
      },
      {
        weight: 1,
        arbitrary: fc.constantFrom("```", "```js\n", "\n```\n", "~~~\n", "    ", "- ", "1. ", "# "),
      },
      { weight: 1, arbitrary: fc.string({ unit: "grapheme", maxLength: 4 }) },
    ),
    { maxLength: 40 },
  )
  .map((pieces) => pieces.join(""));
