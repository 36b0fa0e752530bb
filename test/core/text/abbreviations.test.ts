import assert from "node:assert/strict";
import { endsInAbbreviation } from "../../../src/core/text/abbreviations.js";

describe("An abbreviation", () => {
  it("is known by itself, in any case, behind any sign", () => {
    for (const end of ["by Dr. ", "Mr. ", "DR. ", "(Vgl. ", "„Hr. ", "**Prof. ", "Stein bzw. ", "l’av. "]) {
      assert.equal(endsInAbbreviation(end, "A"), true, end);
    }
  });

  it("is a single letter, or letters with stops between them", () => {
    for (const end of ["J. ", "z. B. ", "z.B. ", "e.g. ", "U.S. ", "д. "]) {
      assert.equal(endsInAbbreviation(end, "A"), true, end);
    }
  });

  it("may be an ordinal or a list's number, and no year", () => {
    assert.equal(endsInAbbreviation("am 3. ", "M"), true);
    assert.equal(endsInAbbreviation("1. ", "F"), true);
    assert.equal(endsInAbbreviation("in 2024. ", "T"), false);
  });

  it("of a place in a book or a year is one only where a number follows", () => {
    assert.equal(endsInAbbreviation("Fig. ", "3"), true);
    assert.equal(endsInAbbreviation("the answer is no. ", "B"), false);
    assert.equal(endsInAbbreviation("modern art. ", "T"), false);
  });

  it("is no other word, and no end of a word", () => {
    for (const end of ["etc. ", "it was good. ", "Well... ", "Really? ", "word.” ", "xdr. "]) {
      assert.equal(endsInAbbreviation(end, "A"), false, end);
    }
  });
});
