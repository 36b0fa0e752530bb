import assert from "node:assert/strict";
import fc from "fast-check";
import { toExcerpt } from "../../../src/core/errors/error-body.js";
import { redact } from "../../../src/core/errors/redact.js";

const KEY = "sk-proj/AbC+123=xyz";

describe("A secret", () => {
  it("is replaced wherever a service quotes it", () => {
    assert.equal(redact(`Incorrect key ${KEY}, I said ${KEY}`, [KEY]), "Incorrect key ***, I said ***");
  });

  it("is replaced in the forms it takes on the wire", () => {
    const forms = [encodeURIComponent(KEY), Buffer.from(KEY).toString("base64")];
    for (const form of forms) assert.equal(redact(`<${form}>`, [KEY]), "<***>");
  });

  it("is replaced without its scheme too", () => {
    assert.equal(redact(`bad token ${KEY}`, [`Bearer ${KEY}`]), "bad token ***");
    assert.equal(redact(`Bearer ${KEY}`, [`Bearer ${KEY}`]), "***");
  });

  it("is replaced where an excerpt cuts it", () => {
    for (let before = 270; before < 300; before++) {
      const clean = redact(toExcerpt(`${"x".repeat(before)}${KEY} and so on`), [KEY]);
      assert.doesNotMatch(clean, /sk-proj\//, String(before));
    }
  });

  it("that is hardly one blanks out no words", () => {
    assert.equal(redact("a and abc", ["a", "abc", ""]), "a and abc");
  });

  it("that is short is replaced where it stands for itself, not within a word", () => {
    const text = "none of the nonexistent: [none], no.ne";
    assert.equal(redact(text, ["none", "no.ne"]), "*** of the nonexistent: [***], ***");
  });

  it("is gone from any text", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.string(), fc.constant(KEY))), (parts) => {
        assert.ok(!redact(parts.join(""), [KEY]).includes(KEY));
      }),
    );
  });
});
