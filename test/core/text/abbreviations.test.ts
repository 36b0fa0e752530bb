import assert from "node:assert/strict";
import { endsInAbbreviation } from "../../../src/core/text/abbreviations.js";

describe("Abbreviation at the end of a text", () => {
  it("is recognised by its word, in upper or lower case, after any punctuation", () => {
    for (const end of ["by Dr. ", "Mr. ", "DR. ", "(Vgl. ", "„Hr. ", "**Prof. ", "Stein bzw. ", "l’av. "]) {
      assert.equal(endsInAbbreviation(end, "A"), true, end);
    }
  });

  it("is recognised as a single letter, or as letters with full stops between them", () => {
    for (const end of ["J. ", "z. B. ", "z.B. ", "e.g. ", "U.S. ", "д. "]) {
      assert.equal(endsInAbbreviation(end, "A"), true, end);
    }
  });

  it("is recognised as a number of one or two digits, but not as a year", () => {
    assert.equal(endsInAbbreviation("am 3. ", "M"), true);
    assert.equal(endsInAbbreviation("1. ", "F"), true);
    assert.equal(endsInAbbreviation("in 2024. ", "T"), false);
  });

  it("is recognised only before a number if it is also an ordinary word", () => {
    assert.equal(endsInAbbreviation("Fig. ", "3"), true);
    assert.equal(endsInAbbreviation("the answer is no. ", "B"), false);
    assert.equal(endsInAbbreviation("modern art. ", "T"), false);
  });

  it("is not recognised in other words or in the end of a word", () => {
    for (const end of ["etc. ", "it was good. ", "Well... ", "Really? ", "word.” ", "xdr. "]) {
      assert.equal(endsInAbbreviation(end, "A"), false, end);
    }
  });
});
