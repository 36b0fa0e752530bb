import assert from "node:assert/strict";
import type { Chunk } from "../../../src/core/chat/chunk.js";
import { Assembly } from "../../../src/node-red/messages/assembly.js";
import type { Message } from "../../../src/node-red/red/api.js";

const createMessage = (index: number, payload: unknown, more: Message = {}): Message => ({
  payload,
  parts: { id: "s", index, type: "string", ch: "" },
  ...more,
});

const REASONING: Chunk = { choices: [{ index: 0, delta: { reasoning_content: "hm" }, finish_reason: null }] };

describe("Assembly of a stream", () => {
  it("puts texts and chunks together in the order of their indexes, each once", () => {
    const added: unknown[] = [];
    const assembly = new Assembly(({ payload }, chunk) => added.push(payload, chunk));
    for (const [index, payload] of [
      [1, "b"],
      [1, "b"],
      [0, "a"],
      [0, "a"],
    ] as const)
      assembly.add(createMessage(index, payload));
    assembly.add(createMessage(2, "", { chunk: REASONING }));
    assert.equal(assembly.machine.text, "ab");
    assert.equal(assembly.machine.buildCompletion("s").choices[0]!.message["reasoning_content"], "hm");
    assert.deepEqual(added, ["a", undefined, "b", undefined, "", REASONING]);
    assert.equal(assembly.next, 3);
  });

  it("is complete once the last message and all before it are there", () => {
    const assembly = new Assembly();
    const last = createMessage(2, "c", { complete: true });
    assembly.add(last);
    assert.equal(assembly.last, last);
    assembly.add(createMessage(0, "a"));
    assert.equal(assembly.isComplete, false);
    assert.match(assembly.createGapFailure().message, /messages 1 are missing/);
    assembly.add(createMessage(1, "b"));
    assert.equal(assembly.isComplete, true);
    assert.equal(assembly.machine.text, "abc");
  });

  it("takes a chunk that a flow has damaged as no chunk, and a number as a text", () => {
    const assembly = new Assembly();
    assembly.add(createMessage(0, 5, { chunk: { choices: "none" } }));
    assembly.add(createMessage(1, null, { chunk: { choices: [] } }));
    assert.equal(assembly.machine.text, "5");
    assert.equal(assembly.next, 2);
  });

  it("throws bad_response that says what the payload is if that is no text", () => {
    for (const [payload, what] of [
      [{ toString: null }, /an object/],
      [["a"], /a list/],
      [null, /nothing/],
      [undefined, /nothing/],
      [true, /a boolean/],
      [Buffer.from("a"), /a buffer/],
    ] as const) {
      const add = () => new Assembly().add(createMessage(0, payload));
      assert.throws(add, { code: "bad_response", message: what });
    }
  });

  it("throws bad_response once more than 10,000 messages wait for a missing one", () => {
    const assembly = new Assembly();
    for (let index = 1; index <= 10_000; index++) assembly.add(createMessage(index, ""));
    assert.throws(() => assembly.add(createMessage(10_001, "")), { code: "bad_response" });
  });
});
