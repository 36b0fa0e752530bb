import assert from "node:assert/strict";
import fc from "fast-check";
import type { ChatMessage } from "../../../src/core/chat/chunk.js";
import { replaceCallIds, USUAL_CALL_ID } from "../../../src/core/tools/call-ids.js";

const LONG = "x".repeat(41);
/** The form that Mistral takes. */
const NINE = /^[a-zA-Z0-9]{9}$/;

/** Creates a turn that makes calls with these ids, and their results. */
function createRound(ids: readonly unknown[]): ChatMessage[] {
  const calls = ids.map((id) => ({ id, type: "function", function: { name: "f", arguments: "{}" } }));
  return [
    { role: "assistant", tool_calls: calls },
    ...ids.map((id) => ({ role: "tool", tool_call_id: id, content: "ok" })),
  ];
}

/** Reads the ids of the calls and of the results. */
function readIds(messages: readonly ChatMessage[]): { calls: unknown[]; results: unknown[] } {
  return {
    calls: messages
      .flatMap(({ tool_calls: calls }) => (calls as { id: unknown }[] | undefined) ?? [])
      .map(({ id }) => id),
    results: messages.flatMap(({ tool_call_id: id }) => (id === undefined ? [] : [id])),
  };
}

describe("Ids of tool calls", () => {
  it("are usual from 1 to 40 printable ASCII characters without a space", () => {
    for (const id of ["a", "call_1", "x".repeat(40)]) assert.match(id, USUAL_CALL_ID);
    for (const id of ["", LONG, "a b", "é", "a\n"]) assert.doesNotMatch(id, USUAL_CALL_ID);
  });

  it("are replaced alike in a call and in its result", () => {
    const { calls, results } = readIds(replaceCallIds(createRound(["ok", LONG, ""]), USUAL_CALL_ID));
    assert.equal(calls[0], "ok");
    assert.deepEqual(calls, results);
    for (const id of calls) assert.match(String(id), USUAL_CALL_ID);
  });

  it("are the same in every request of a conversation, whatever comes later", () => {
    const first = replaceCallIds(createRound([LONG]), NINE);
    const later = replaceCallIds([...createRound([LONG]), ...createRound(["other id"])], NINE);
    assert.deepEqual(later.slice(0, first.length), first);
  });

  it("leave messages and calls alone that have no id of a wrong form", () => {
    const messages: ChatMessage[] = [
      { role: "user", content: "Hi" },
      ...createRound(["ok"]),
      { role: "assistant", tool_calls: [null, { id: 1 }] },
      { role: "assistant", tool_calls: "none" },
      { role: "tool", tool_call_id: 5, content: "" },
    ];
    const replaced = replaceCallIds(messages, USUAL_CALL_ID);
    for (const [at, message] of messages.entries()) assert.equal(replaced[at], message);
  });

  it("do not change the given messages, and keep the calls' other fields", () => {
    const messages = createRound([LONG]);
    const before = structuredClone(messages);
    const [turn] = replaceCallIds(messages, USUAL_CALL_ID);
    assert.deepEqual(messages, before);
    const [call] = turn!["tool_calls"] as { function: unknown }[];
    assert.deepEqual(call!.function, { name: "f", arguments: "{}" });
  });

  it("stay different if they were, and have the form that the service takes", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string({ unit: "binary", maxLength: 60 }), { maxLength: 20 }), (ids) => {
        const { calls, results } = readIds(replaceCallIds(createRound(ids), NINE));
        assert.deepEqual(calls, results);
        assert.equal(new Set(calls).size, ids.length);
        for (const id of calls) assert.match(String(id), NINE);
      }),
    );
  });
});
