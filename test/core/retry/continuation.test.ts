import assert from "node:assert/strict";
import fc from "fast-check";
import { buildContinuation, removeContinuation } from "../../../src/core/retry/continuation.js";

const CONVERSATION = [
  { role: "system", content: "Be brief." },
  { role: "user", content: "Tell me a story." },
];

describe("Continuation of a partial answer", () => {
  it("appends the answer without white space at its end for a prefill", () => {
    const { messages, continues } = buildContinuation(CONVERSATION, "Once upon \n", "prefill");
    assert.deepEqual(messages, [...CONVERSATION, { role: "assistant", content: "Once upon" }]);
    assert.deepEqual(continues, { added: 1, echo: " \n" });
  });

  it("appends the answer and a user message that quotes its end for a quote", () => {
    const text = `${"x".repeat(500)} the end `;
    const { messages, continues } = buildContinuation(CONVERSATION, text, "quote");
    assert.deepEqual(messages.slice(0, 3), [...CONVERSATION, { role: "assistant", content: text }]);
    const { role, content } = messages[3]! as { role: string; content: string };
    assert.equal(role, "user");
    assert.ok(content.includes(`"""\n${text.slice(-300)}\n"""`));
    assert.ok(!content.includes("x".repeat(300)));
    assert.deepEqual(continues, { added: 2, echo: "" });
  });

  it("does not change the conversation", () => {
    const before = structuredClone(CONVERSATION);
    buildContinuation(CONVERSATION, "a", "prefill");
    buildContinuation(CONVERSATION, "a", "quote");
    assert.deepEqual(CONVERSATION, before);
  });

  it("is removed again without loss, whatever the text", () => {
    const text = fc.string({ minLength: 1 }).filter((any) => any.trim() !== "");
    fc.assert(
      fc.property(text, fc.constantFrom("prefill" as const, "quote" as const), (partial, style) => {
        const { messages, continues } = buildContinuation(CONVERSATION, partial, style);
        assert.deepEqual(removeContinuation(messages, continues), { messages: CONVERSATION, text: partial });
      }),
    );
  });

  it("is not removed from messages that do not end in one", () => {
    assert.equal(removeContinuation(CONVERSATION, { added: 1, echo: "" }), undefined);
    assert.equal(removeContinuation([], { added: 2, echo: "" }), undefined);
    const turn = [
      { role: "assistant", content: "Let me look." },
      { role: "tool", content: "sunny" },
    ];
    assert.equal(removeContinuation([...CONVERSATION, ...turn], { added: 2, echo: "" }), undefined);
  });
});
