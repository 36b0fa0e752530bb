import assert from "node:assert/strict";
import { toPrintable } from "../../src/core/printable.js";
import { assertCheap } from "../support/speed.js";

/** A text from outside, and what is printed of it. */
const ROWS: Readonly<Record<string, readonly [text: string, printed: string]>> = {
  "plain text": ["Grüße, 世界 — “ok” 👍🏽", "Grüße, 世界 — “ok” 👍🏽"],
  "line breaks": ["a\r\nb\nc\rd\u2028e\u2029f\u0085g", "a b c d e f g"],
  tabs: ["a\t\tb", "a b"],
  "commands for a terminal": ["\x1b[31mred\x1b[0m\x1b]0;title\x07", "�[31mred�[0m�]0;title�"],
  "C1 controls": ["\x9b2J\x90", "�2J�"],
  "NUL, BEL, backspace and DEL": ["a\0\x07\b\x7f", "a����"],
  "marks that turn the direction": ["\u202egnp.exe\u202c \u2066x\u2069 \u200f\u061c", "�gnp.exe� �x� ��"],
  "what is not seen": ["a\ufeffb\u200bc\u2060", "a�b�c�"],
  tags: ["a\u{e0001}\u{e0041}", "a��"],
  "half surrogate pairs": ["a\ud83d b\udc4d", "a� b�"],
  "joiners within words and emoji": ["می\u200cخواهم 👨\u200d👩\u200d👧", "می\u200cخواهم 👨\u200d👩\u200d👧"],
};

describe("Printable text", () => {
  for (const [what, [text, printed]] of Object.entries(ROWS)) {
    it(`shows ${what}`, () => assert.equal(toPrintable(text), printed));
  }

  it("costs linear time", () => {
    assertCheap(() => toPrintable("\x1b\n".repeat(500_000)));
  });
});
