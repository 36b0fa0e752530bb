import assert from "node:assert/strict";
import fc from "fast-check";
import { toExcerpt } from "../../../src/core/errors/error-body.js";
import { redact } from "../../../src/core/errors/redact.js";

const KEY = "sk-proj/AbC+123=xyz";

describe("Secrets in texts", () => {
  it("are replaced wherever a service quotes them", () => {
    assert.equal(redact(`Incorrect key ${KEY}, I said ${KEY}`, [KEY]), "Incorrect key ***, I said ***");
  });

  it("are replaced in their encoded forms", () => {
    const forms = [encodeURIComponent(KEY), Buffer.from(KEY).toString("base64")];
    for (const form of forms) assert.equal(redact(`<${form}>`, [KEY]), "<***>");
  });

  it("are replaced with and without their scheme", () => {
    assert.equal(redact(`bad token ${KEY}`, [`Bearer ${KEY}`]), "bad token ***");
    assert.equal(redact(`Bearer ${KEY}`, [`Bearer ${KEY}`]), "***");
  });

  it("are replaced if the end of an excerpt cuts them off", () => {
    for (let before = 270; before < 300; before++) {
      const clean = redact(toExcerpt(`${"x".repeat(before)}${KEY} and so on`), [KEY]);
      assert.doesNotMatch(clean, /sk-proj\//, String(before));
    }
  });

  it("are not replaced if they are shorter than four characters", () => {
    assert.equal(redact("a and abc", ["a", "abc", ""]), "a and abc");
  });

  it("are replaced only as whole words if they are short", () => {
    const text = "none of the nonexistent: [none], no.ne";
    assert.equal(redact(text, ["none", "no.ne"]), "*** of the nonexistent: [***], ***");
  });

  it("never remain in any text", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.string(), fc.constant(KEY))), (parts) => {
        assert.ok(!redact(parts.join(""), [KEY]).includes(KEY));
      }),
    );
  });
});
