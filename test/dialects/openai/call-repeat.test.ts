import assert from "node:assert/strict";
import fc from "fast-check";
import type { Chunk } from "../../../src/core/chat/chunk.js";
import { OpenAiDecoder } from "../../../src/dialects/openai/decoder.js";
import { anyText } from "../../support/inputs/arbitraries.js";
import { anyCuts, cutText } from "../../support/inputs/cutting.js";
import { decode } from "../../support/inputs/replay.js";

type Extras = Record<string, Record<string, unknown>>;

/** Creates a record with a piece of a call. @param more what a vendor adds to its objects */
const createRecord = (args: string, more: Extras = {}, finish: string | null = null) => ({
  id: "c-1",
  object: "chat.completion.chunk",
  created: 1,
  model: "m-1",
  ...more["chunk"],
  choices: [
    {
      index: 0,
      ...more["choice"],
      delta: {
        ...more["delta"],
        tool_calls: [{ index: 0, ...more["call"], function: { arguments: args, ...more["function"] } }],
      },
      finish_reason: finish,
    },
  ],
});

/** Fields that vendors repeat with every piece. Some are objects, which a shallow copy would share. */
const HABITS: Readonly<Record<string, Extras>> = {
  "no other fields": {},
  "fields without content": {
    chunk: { usage: null, system_fingerprint: "fp" },
    choice: { logprobs: null, native_finish_reason: null },
    delta: { role: "assistant", content: null },
  },
  "id, type and name on every piece": {
    call: { id: "call_1", type: "function" },
    function: { name: "get" },
  },
  padding: { chunk: { obfuscation: "x1" } },
  "nested fields": { choice: { content_filter_results: { hate: { filtered: false } } } },
  "nested fields of the call": { call: { extra_content: { google: { thought_signature: "s" } } } },
  citations: { chunk: { citations: ["https://example.com"] } },
};

const firstRecord = {
  ...createRecord("", { call: { id: "call_1", type: "function" }, function: { name: "get" } }),
};
describe("Piece template for tool calls", () => {
  for (const [name, more] of Object.entries(HABITS)) {
    it(`reads pieces by their template as parsing does, for records with ${name}`, () => {
      const anyPieces = fc
        .tuple(anyText, anyCuts)
        .map(([text, cuts]) => cutText(JSON.stringify({ text }), cuts));
      fc.assert(
        fc.property(anyPieces, (pieces) => {
          const records = [
            firstRecord,
            ...pieces.map((piece) => createRecord(piece, more)),
            createRecord("", more, "tool_calls"),
          ];
          // With `everyChunk`, every record is parsed.
          const parsed = decode(records, { toolNames: ["get"], everyChunk: true });
          assert.deepEqual(decode(records, { toolNames: ["get"] }), parsed);
        }),
        { numRuns: 100 },
      );
    });
  }

  it("reads pieces by their template as parsing does, if other records come between them", () => {
    const createFirstPiece = (id: string) =>
      createRecord("", { call: { index: undefined, id }, function: { name: "get" } });
    const createPiece = (id: string, args: string) => createRecord(args, { call: { index: undefined, id } });
    const createRecordWithId = (id: string) => ({ ...createRecord("x"), id });
    const emptyRecord = { ...createRecord("x"), choices: [{ index: 0, delta: {}, finish_reason: null }] };
    for (const records of [
      // Without indices, the id tells which call continues.
      [
        createFirstPiece("a"),
        createFirstPiece("b"),
        createPiece("a", "1"),
        createPiece("a", "2"),
        createPiece("a", "3"),
        createPiece("b", "4"),
        createPiece("b", "5"),
      ],
      // The id of the answer comes late. All later chunks have it.
      [
        firstRecord,
        createRecordWithId(""),
        createRecordWithId(""),
        { ...emptyRecord, id: "late" },
        createRecordWithId(""),
        createRecordWithId(""),
      ].map((record, at) => (at === 0 ? { ...record, id: "" } : record)),
    ]) {
      assert.deepEqual(decode(records), decode(records, { everyChunk: true }));
    }
  });

  it("creates chunks that share nothing, so that a reader may change them", () => {
    const chunks: string[] = [];
    const changeChunk = (chunk: Chunk) => {
      chunks.push(JSON.stringify(chunk));
      const [choice] = chunk.choices;
      choice!.delta.tool_calls![0]!.index = 7;
      choice!.delta["role"] = "changed";
      choice!.index = 7;
      chunk.model = "changed";
      chunk.choices.length = 0;
    };
    const ignore = () => {};
    const sink = {
      onText: ignore,
      onChunk: changeChunk,
      onMarker: ignore,
      onFailure: ignore,
      onBadRecord: ignore,
      onSkipped: ignore,
    };
    const decoder = new OpenAiDecoder(sink, { depth: 64, indices: 8 });
    for (const record of [firstRecord, ...Array.from({ length: 5 }, () => createRecord("x"))])
      decoder.decode(JSON.stringify(record));
    assert.equal(chunks.length, 6);
    for (const chunk of chunks.slice(1)) assert.deepEqual(JSON.parse(chunk), JSON.parse(chunks[1]!));
    assert.doesNotMatch(chunks.join(), /changed|7/);
  });
});
