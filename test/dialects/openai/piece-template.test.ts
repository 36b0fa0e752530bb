import assert from "node:assert/strict";
import fc from "fast-check";
import type { Chunk } from "../../../src/core/chat/chunk.js";
import { OpenAiDecoder } from "../../../src/dialects/openai/decoder.js";
import { PieceTemplate } from "../../../src/dialects/openai/piece-template.js";
import { ToolCallTracker } from "../../../src/dialects/openai/tool-call-tracker.js";
import { anyCuts, anyText, cutText } from "../../support/inputs/arbitraries.js";
import { decode } from "../../support/inputs/replay.js";

type Extras = Record<string, Record<string, unknown>>;

/** A record with a piece of a call; `more` is what a vendor adds to its parts. */
const record = (args: string, more: Extras = {}, finish: string | null = null) => ({
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

/** What vendors repeat on every piece, and what nests, so that no copy of it would be one's own. */
const HABITS: Readonly<Record<string, Extras>> = {
  "nothing more": {},
  "fields that say nothing": {
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

const begin = {
  ...record("", { call: { id: "call_1", type: "function" }, function: { name: "get" } }),
};
const data = (args: string, more?: Extras) => JSON.stringify(record(args, more));
const tracker = new ToolCallTracker(["get"], 8);
const learnt = (more?: Extras) => {
  const template = new PieceTemplate();
  const [said] = decode([record("{", more)]);
  assert.ok(said && "chunk" in said);
  template.learn(data("{", more), said.chunk);
  return (args: string, other?: Extras) => template.match(data(args, other ?? more), () => tracker);
};

describe("Pieces of tool calls that are read by their template", () => {
  for (const [name, more] of Object.entries(HABITS)) {
    it(`are those that parsing would give: ${name}`, () => {
      const anyPieces = fc
        .tuple(anyText, anyCuts)
        .map(([text, cuts]) => cutText(JSON.stringify({ text }), cuts));
      fc.assert(
        fc.property(anyPieces, (pieces) => {
          const records = [
            begin,
            ...pieces.map((piece) => record(piece, more)),
            record("", more, "tool_calls"),
          ];
          // Who wants every chunk gets each of them parsed.
          const parsed = decode(records, { toolNames: ["get"], everyChunk: true });
          assert.deepEqual(decode(records, { toolNames: ["get"] }), parsed);
        }),
        { numRuns: 100 },
      );
    });
  }

  it("are those that parsing would give, whatever comes between them", () => {
    const named = (id: string) => record("", { call: { index: undefined, id }, function: { name: "get" } });
    const of = (id: string, args: string) => record(args, { call: { index: undefined, id } });
    const unnamed = (id: string) => ({ ...record("x"), id });
    const silent = { ...record("x"), choices: [{ index: 0, delta: {}, finish_reason: null }] };
    for (const records of [
      // No numbers: the id says which call goes on.
      [named("a"), named("b"), of("a", "1"), of("a", "2"), of("a", "3"), of("b", "4"), of("b", "5")],
      // The answer's own id comes late, and holds from then on.
      [begin, unnamed(""), unnamed(""), { ...silent, id: "late" }, unnamed(""), unnamed("")].map(
        (said, at) => (at === 0 ? { ...said, id: "" } : said),
      ),
    ]) {
      assert.deepEqual(decode(records), decode(records, { everyChunk: true }));
    }
  });

  it("are not parsed where nothing else differs", () => {
    for (const name of ["nothing more", "fields that say nothing", "id, type and name on every piece"]) {
      const match = learnt(HABITS[name]);
      const chunk = match('"a":\n"')!;
      assert.equal(chunk.choices[0]!.delta.tool_calls![0]!.function!.arguments, '"a":\n"', name);
      assert.equal(match("x", { chunk: { id: "c-2" } }), undefined);
      assert.equal(match("x", { choice: { index: 1 } }), undefined);
      assert.equal(match(""), undefined);
    }
  });

  it("are parsed where a copy of the rest would not be one's own", () => {
    for (const name of ["nested fields", "nested fields of the call", "citations"])
      assert.equal(learnt(HABITS[name])("x"), undefined, name);
  });

  it("come in chunks that share nothing, whatever their reader does to them", () => {
    const heard: string[] = [];
    const spoil = (chunk: Chunk) => {
      heard.push(JSON.stringify(chunk));
      const [choice] = chunk.choices;
      choice!.delta.tool_calls![0]!.index = 7;
      choice!.delta["role"] = "spoilt";
      choice!.index = 7;
      chunk.model = "spoilt";
      chunk.choices.length = 0;
    };
    const nothing = () => {};
    const sink = {
      onText: nothing,
      onChunk: spoil,
      onMarker: nothing,
      onFailure: nothing,
      onSkipped: nothing,
    };
    const decoder = new OpenAiDecoder(sink, { depth: 64, indices: 8 });
    for (const said of [begin, ...Array.from({ length: 5 }, () => record("x"))])
      decoder.decode(JSON.stringify(said));
    assert.equal(heard.length, 6);
    for (const said of heard.slice(1)) assert.deepEqual(JSON.parse(said), JSON.parse(heard[1]!));
    assert.doesNotMatch(heard.join(), /spoilt|7/);
  });
});
