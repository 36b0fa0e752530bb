import assert from "node:assert/strict";
import fc from "fast-check";
import { toExcerpt } from "../../../src/core/errors/error-body.js";
import { redact } from "../../../src/core/errors/redact.js";
import { assertCheap } from "../../support/speed.js";

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

  const odd = `sk "a"&<b>/c+d=e'f g`;
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  for (const [form, secret, quoted] of [
    ["in upper case", KEY, KEY.toUpperCase()],
    ["in lower case, as in a content type", KEY, KEY.toLowerCase()],
    ["percent-encoded in lower case", KEY, encodeURIComponent(KEY).toLowerCase()],
    ["percent-encoded as in a form", odd, new URLSearchParams({ x: odd }).toString().slice(2)],
    ["as JSON", odd, JSON.stringify(odd).slice(1, -1)],
    ["as HTML", odd, "sk &quot;a&quot;&amp;&lt;b&gt;/c+d=e&#39;f g"],
    ["in hexadecimal", KEY, Buffer.from(KEY).toString("hex")],
    ["in base64 without padding", KEY, base64(KEY).replace(/=+$/, "")],
    [
      "in base64 for addresses",
      "sk-\u00ff\u00fe?>~key",
      Buffer.from("sk-\u00ff\u00fe?>~key").toString("base64url"),
    ],
    ["as the login of a Basic scheme", `Basic ${base64("me:pass-word-1")}`, "me:pass-word-1"],
    ["as the password of a Basic scheme", `Basic ${base64("me:pass-word-1")}`, "pass-word-1"],
    ["as a part of a cookie", "theme=dark; session=0123456789abcdef", "0123456789abcdef"],
    [
      "as a part of a signature",
      "HMAC Credential=AKIA012345678901, Signature=abcdef0123456789",
      "AKIA012345678901",
    ],
  ] as const) {
    it(`are replaced ${form}`, () => {
      const clean = redact(`before <${quoted}> after`, [secret]);
      assert.ok(!clean.includes(quoted), clean);
      assert.match(clean, /^before <.*\*\*\*.*> after$/);
    });
  }

  it("are replaced within the base64 of a longer text, wherever they begin in it", () => {
    for (const before of ["", "a", "ab", "abc", "me:", "user:"]) {
      for (const after of ["", ":", "xy"]) {
        const clean = redact(`<${base64(before + KEY + after)}>`, [KEY]);
        // What is left may hold the neighbours, and four characters of the key at most.
        const left = clean.replace("***", "").slice(1, -1);
        assert.ok(clean.includes("***"), `${before}…${after}: ${clean}`);
        assert.ok(left.length <= base64(before).length + base64(after).length + 8, clean);
      }
    }
  });

  it("are replaced if a limit cuts them off at the end of a text, or in the middle of a message", () => {
    const spaces = " ".repeat(2_390);
    for (const cut of [
      `request ${KEY}`.slice(0, 20),
      toExcerpt(`${spaces}${KEY} and more`),
      `The type ${toExcerpt(KEY.toLowerCase(), 12)} is odd.`,
      `The type ${toExcerpt(encodeURIComponent(KEY), 14)} is odd.`,
    ])
      assert.doesNotMatch(redact(cut, [KEY]), /sk-proj(\/|%2f)/i);
  });

  it("cost little in a long text", () => {
    const long = `${"sk-proj/".repeat(50_000)}…`;
    assertCheap(() => redact(long, [KEY, "x".repeat(2_000)]));
  });

  it("never remain in any text", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.string(), fc.constant(KEY))), (parts) => {
        assert.ok(!redact(parts.join(""), [KEY]).includes(KEY));
      }),
    );
  });
});
