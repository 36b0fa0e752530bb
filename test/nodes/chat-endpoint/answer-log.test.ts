import assert from "node:assert/strict";
import type { Chunk } from "../../../src/core/chat/chunk.js";
import { AnswerLog, type LogEntry } from "../../../src/node-red/chat-endpoint/answer-log.js";
import { createHeapMeter } from "../../support/heap-meter.js";

const LIMIT_BYTES = 4 * 1024 * 1024;

/** Parses a chunk anew, so that chunks share nothing. */
const createChunk = (delta: string): Chunk => JSON.parse(`{"choices":[{"index":0,"delta":${delta}}]}`);

const list = (count: number, create: (at: number) => string) =>
  Array.from({ length: count }, (_, at) => create(at));

/** Entries of a flow, with more in memory than their characters show. */
const FLOODS: Readonly<Record<string, (at: number) => LogEntry>> = {
  "texts of one character": (at) => String.fromCharCode(0x4e00 + (at % 20_000)),
  "empty texts": () => "",
  words: (at) => `word ${at} `,
  "chunks without anything": () => ({ chunk: createChunk("{}"), text: "" }),
  "chunks with many small members": (at) => ({
    chunk: createChunk(`{${list(100, (n) => `"m${at}_${n}":{}`)}}`),
    text: "",
  }),
  "chunks with nested lists": () => ({ chunk: createChunk(`{"x":[${list(100, () => "[[]]")}]}`), text: "" }),
  "tools of the flow": (at) => ({
    tool: { kind: "call", id: `call_${at}`, name: "get", arguments: "{}" } as never,
  }),
};

describe("Answer in memory", () => {
  for (const [name, create] of Object.entries(FLOODS)) {
    it(`takes no more than 2.5 times its limit for a flood of ${name}`, () => {
      const measure = createHeapMeter();
      const before = measure();
      const log = new AnswerLog();
      for (let at = 0; log.isComplete && at < 500_000; at++) {
        log.add(create(at));
        log.trim(LIMIT_BYTES);
      }
      assert.equal(log.isComplete, false, "the limit was reached");
      for (let at = 0; log.size < 0.95 * LIMIT_BYTES; at++) log.add(create(at));
      const bytes = measure() - before;
      assert.ok(bytes < 2.5 * LIMIT_BYTES, `${bytes} bytes for ${log.size} that were counted`);
    });
  }

  it("keeps the whole of a long answer in words", () => {
    const log = new AnswerLog();
    for (let at = 0; at < 80_000; at++) {
      log.add("word ");
      log.trim(LIMIT_BYTES);
    }
    assert.equal(log.isComplete, true);
    assert.equal(log.list().join("").length, 400_000);
  });
});
