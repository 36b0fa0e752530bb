import assert from "node:assert/strict";
import { CompletionMachine } from "../../../src/core/chat/completion.js";
import type { Failure } from "../../../src/core/failure.js";
import {
  buildFinishChunk,
  buildTextChunk,
  CHUNK_HEAD,
  DONE_RECORD,
} from "../../support/inputs/openai-chunks.js";
import { decode, type SinkCall } from "../../support/inputs/replay.js";

/** The chunk of a call, which must have one. */
const getChunk = (call: SinkCall | undefined) => {
  assert.ok(call && "chunk" in call, JSON.stringify(call));
  return call.chunk;
};
/** The kinds of chunks; `template` for a text that was read by the template, else the name of the sink's event. */
const listKinds = (calls: readonly SinkCall[]) =>
  calls.map((call) => ("chunk" in call ? call.kind : "text" in call ? "template" : Object.keys(call)[0]));

describe("Decoder of Chat Completions", () => {
  it("marks chunks as text, rich or silent", () => {
    const calls = decode([
      { choices: [{ delta: { role: "assistant" } }] },
      buildTextChunk("a"),
      buildTextChunk("b"),
      { choices: [{ delta: { reasoning: "hm" } }] },
      buildTextChunk("c"),
      buildFinishChunk(),
      { choices: [], usage: { total_tokens: 1 } },
      DONE_RECORD,
    ]);
    assert.deepEqual(listKinds(calls), [
      "silent",
      "text",
      "template",
      "rich",
      "text",
      "silent",
      "silent",
      "marker",
    ]);
  });

  it("brings a chunk into the common form and keeps unknown fields", () => {
    const [call] = decode([
      {
        id: "a",
        choices: [
          {
            delta: {
              content: [{ type: "text", text: "x" }],
              role: "",
              refusal: null,
              tool_calls: null,
              own: { a: 1 },
            },
            message: { content: "whole" },
            usage: { total_tokens: 3 },
            logprobs: { content: [] },
            finish_reason: "",
            own: 1,
          },
        ],
        usage: null,
        obfuscation: "xyz",
        own: [1],
      },
    ]);
    assert.deepEqual(getChunk(call), {
      id: "a",
      model: "",
      created: 0,
      choices: [{ delta: { content: "x", own: { a: 1 } }, finish_reason: null, own: 1, index: 0 }],
      usage: { total_tokens: 3 },
      own: [1],
    });
  });

  it("gives all chunks of a stream the first id, model and time", () => {
    const calls = decode([
      { id: "", model: "", created: 0, choices: [] },
      { id: "a", model: "m", created: 7, choices: [] },
      { id: "b", model: "n", created: 8, choices: [] },
      { choices: [] },
    ]);
    assert.deepEqual(
      calls.map((call) => [getChunk(call).id, getChunk(call).model, getChunk(call).created]),
      [
        ["", "", 0],
        ["a", "m", 7],
        ["a", "m", 7],
        ["a", "m", 7],
      ],
    );
  });

  it("marks a chunk with citations as rich only if the citations changed", () => {
    const cited = (content: string, ...urls: string[]) => buildTextChunk(content, {}, { citations: urls });
    const calls = decode([
      cited("a", "u"),
      cited("b", "u"),
      cited("c", "u"),
      cited("d", "u", "v"),
      cited("e", "u", "v"),
    ]);
    assert.deepEqual(listKinds(calls), ["rich", "template", "template", "rich", "template"]);
    const venice = { venice_parameters: { web_search_citations: [{ url: "u" }] } };
    assert.deepEqual(
      listKinds(
        decode([
          { choices: [], ...venice },
          { choices: [], ...venice },
        ]),
      ),
      ["rich", "silent"],
    );
  });

  it("reads the usage of repeated records once, from the last of them", () => {
    const build = (text: string, count: number) =>
      buildTextChunk(text, {}, { usage: { prompt_tokens: 1, completion_tokens: count } });
    const calls = decode([build("a", 1), build("b", 2), build("c", 3), buildTextChunk("d")]);
    assert.deepEqual(listKinds(calls), ["text", "text", "template", "silent", "text"]);
    assert.deepEqual(getChunk(calls[3]).usage, { prompt_tokens: 1, completion_tokens: 3 });
    assert.deepEqual(getChunk(calls[3]).choices[0]!.delta, {});
  });

  it("skips and counts records of an unknown dialect", () => {
    const calls = decode([
      buildTextChunk("a"),
      { type: "session.created", session: { id: "sess_1" } },
      { type: "session.text.delta", delta: "Hi" },
      buildTextChunk("b"),
    ]);
    assert.deepEqual(listKinds(calls), ["text", "skipped", "skipped", "template"]);
  });

  it("keeps metadata of a record without choices", () => {
    const [call] = decode([{ ...CHUNK_HEAD, provider_note: "x" }]);
    assert.equal(getChunk(call)["provider_note"], "x");
  });

  it("uses no template if every record is to have its chunk", () => {
    assert.deepEqual(listKinds(decode([buildTextChunk("a"), buildTextChunk("b")], { everyChunk: true })), [
      "text",
      "text",
    ]);
  });

  it("splits a broken record into lines only if one of them is JSON", () => {
    assert.deepEqual(listKinds(decode(["{\n]", buildTextChunk("a")], { tolerant: true })), [
      "skipped",
      "text",
    ]);
    assert.deepEqual(
      listKinds(decode([`${JSON.stringify(buildTextChunk("a"))}\nnonsense`], { tolerant: true })),
      ["text", "skipped"],
    );
  });

  it("skips records of a wrong shape if the decoder is tolerant", () => {
    assert.deepEqual(
      listKinds(
        decode([7, { choices: "x" }, { choices: [{ delta: "x" }] }, buildTextChunk("a")], { tolerant: true }),
      ),
      ["skipped", "skipped", "skipped", "text"],
    );
  });

  it("fails instead of losing text if content has an unknown type", () => {
    for (const content of [7, true]) {
      assert.deepEqual(
        listKinds(decode([{ choices: [{ delta: { content } }] }])),
        ["failure"],
        String(content),
      );
    }
    assert.deepEqual(
      decode([{ choices: [{ delta: { content: { type: "text", text: "x" } } }] }]).map(
        (call) => "text" in call && call.text,
      ),
      ["x"],
    );
  });

  it("reads a single tool call as a list of one", () => {
    const [call] = decode([{ choices: [{ delta: { tool_calls: { id: "a", function: { name: "f" } } } }] }]);
    assert.deepEqual(getChunk(call).choices[0]!.delta.tool_calls, [
      { index: 0, id: "a", function: { name: "f" } },
    ]);
  });

  it("removes fields of impossible types beside the text", () => {
    const [call] = decode([
      {
        choices: [
          {
            delta: {
              content: "x",
              refusal: 7,
              audio: "x",
              images: {},
              annotations: 1,
              reasoning: 5,
              reasoning_details: "x",
              encrypted_reasoning: {},
            },
          },
        ],
      },
    ]);
    assert.deepEqual(getChunk(call).choices[0]!.delta, { content: "x" });
  });

  for (const index of ["", '"index":0,']) {
    it(`merges choices with the same index in one record (${index || "no index"}), so that their text counts once`, () => {
      const [call] = decode([
        `{"choices":[{${index}"delta":{}},{${index}"delta":{"content":"sto"}},{"delta":{"content":"p"}}]}`,
      ]);
      assert.ok(call && "chunk" in call);
      assert.equal(call.text, "stop");
      const machine = new CompletionMachine();
      machine.addChunk(call.chunk, call.text);
      assert.equal(machine.text, "stop");
    });
  }

  it("reports why Groq has stopped a stream early", () => {
    const calls = decode([
      buildTextChunk("a"),
      { choices: [{ index: 0, delta: {} }], x_groq: { id: "r", error: "The model is over capacity" } },
      DONE_RECORD,
    ]);
    const { failure } = calls.at(-1) as { failure?: Failure };
    assert.equal(failure?.code, "overloaded");
    assert.match(failure.message, /The model is over capacity/);
    const fine = decode([buildTextChunk("a"), { ...buildTextChunk("b"), x_groq: { id: "r", error: null } }]);
    assert.deepEqual(listKinds(fine), ["text", "text"]);
  });

  it("reads token probabilities that come as numbers (Together), the same ones too", () => {
    const choose = (content: string, logprobs: number, more: object = {}) => ({
      choices: [{ index: 0, delta: { content, token_id: 1 }, logprobs, ...more }],
    });
    const calls = decode([
      choose("a", -0.5, { top_logprobs: { a: -0.5, b: -1 } }),
      choose("b", -0.25),
      choose("c", -0.25),
      choose("", -0.25, { finish_reason: "stop" }),
    ]);
    const machine = new CompletionMachine();
    for (const call of calls) machine.addChunk(getChunk(call));
    const [choice] = machine.buildCompletion("x").choices;
    assert.equal(choice!.message.content, "abc");
    assert.deepEqual(choice!.logprobs, {
      content: [
        {
          token: "a",
          logprob: -0.5,
          top_logprobs: [
            { token: "a", logprob: -0.5 },
            { token: "b", logprob: -1 },
          ],
        },
        { token: "b", logprob: -0.25, top_logprobs: [] },
        { token: "c", logprob: -0.25, top_logprobs: [] },
      ],
    });
    assert.ok(!("top_logprobs" in choice!));
  });
});
