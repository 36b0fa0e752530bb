import assert from "node:assert/strict";
import fc from "fast-check";
import { buildContinuation, removeContinuation } from "../../../src/core/retry/continuation.js";

const ASKED = [
  { role: "system", content: "Be brief." },
  { role: "user", content: "Tell me a story." },
];

describe("A request to go on", () => {
  it("puts the answer into the model's mouth, without white space at its end", () => {
    const { messages, continues } = buildContinuation(ASKED, "Once upon \n", "prefill");
    assert.deepEqual(messages, [...ASKED, { role: "assistant", content: "Once upon" }]);
    assert.deepEqual(continues, { added: 1, echo: " \n" });
  });

  it("or has the answer as it is, and a question that quotes its end", () => {
    const text = `${"x".repeat(500)} the end `;
    const { messages, continues } = buildContinuation(ASKED, text, "quote");
    assert.deepEqual(messages.slice(0, 3), [...ASKED, { role: "assistant", content: text }]);
    const { role, content } = messages[3]! as { role: string; content: string };
    assert.equal(role, "user");
    assert.ok(content.includes(`"""\n${text.slice(-300)}\n"""`));
    assert.ok(!content.includes("x".repeat(300)));
    assert.deepEqual(continues, { added: 2, echo: "" });
  });

  it("leaves the conversation itself alone", () => {
    const before = structuredClone(ASKED);
    buildContinuation(ASKED, "a", "prefill");
    buildContinuation(ASKED, "a", "quote");
    assert.deepEqual(ASKED, before);
  });

  it("can be taken apart again, whatever the text", () => {
    const text = fc.string({ minLength: 1 }).filter((any) => any.trim() !== "");
    fc.assert(
      fc.property(text, fc.constantFrom("prefill" as const, "quote" as const), (said, style) => {
        const { messages, continues } = buildContinuation(ASKED, said, style);
        assert.deepEqual(removeContinuation(messages, continues), { messages: ASKED, said });
      }),
    );
  });

  it("that does not look like one is left as it is", () => {
    assert.equal(removeContinuation(ASKED, { added: 1, echo: "" }), undefined);
    assert.equal(removeContinuation([], { added: 2, echo: "" }), undefined);
    const turn = [
      { role: "assistant", content: "Let me look." },
      { role: "tool", content: "sunny" },
    ];
    assert.equal(removeContinuation([...ASKED, ...turn], { added: 2, echo: "" }), undefined);
  });
});
