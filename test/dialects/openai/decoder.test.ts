import assert from "node:assert/strict";
import { DONE, finish, HEAD, text } from "../../support/inputs/fixtures.js";
import { decode, type SinkCall } from "../../support/inputs/replay.js";

const chunkOf = (call: SinkCall | undefined) => {
  assert.ok(call && "chunk" in call, JSON.stringify(call));
  return call.chunk;
};
const kinds = (calls: readonly SinkCall[]) =>
  calls.map((call) => ("chunk" in call ? call.kind : "text" in call ? "known" : Object.keys(call)[0]));

describe("The decoder of Chat Completions", () => {
  it("tells text apart from what needs the chunk and from what needs none", () => {
    const said = decode([
      { choices: [{ delta: { role: "assistant" } }] },
      text("a"),
      text("b"),
      { choices: [{ delta: { reasoning: "hm" } }] },
      text("c"),
      finish(),
      { choices: [], usage: { total_tokens: 1 } },
      DONE,
    ]);
    assert.deepEqual(kinds(said), ["silent", "text", "known", "rich", "text", "silent", "silent", "marker"]);
  });

  it("gives each chunk one form: vendor's odds are gone, what it does not know stays", () => {
    const [said] = decode([
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
    assert.deepEqual(chunkOf(said), {
      id: "a",
      model: "",
      created: 0,
      choices: [{ delta: { content: "x", own: { a: 1 } }, finish_reason: null, own: 1, index: 0 }],
      usage: { total_tokens: 3 },
      own: [1],
    });
  });

  it("tells all chunks of a stream under the first id, model and time", () => {
    const said = decode([
      { id: "", model: "", created: 0, choices: [] },
      { id: "a", model: "m", created: 7, choices: [] },
      { id: "b", model: "n", created: 8, choices: [] },
      { choices: [] },
    ]);
    assert.deepEqual(
      said.map((call) => [chunkOf(call).id, chunkOf(call).model, chunkOf(call).created]),
      [
        ["", "", 0],
        ["a", "m", 7],
        ["a", "m", 7],
        ["a", "m", 7],
      ],
    );
  });

  it("tells citations when they change, not each time they are repeated", () => {
    const cited = (content: string, ...urls: string[]) => text(content, {}, { citations: urls });
    const said = decode([
      cited("a", "u"),
      cited("b", "u"),
      cited("c", "u"),
      cited("d", "u", "v"),
      cited("e", "u", "v"),
    ]);
    assert.deepEqual(kinds(said), ["rich", "text", "known", "rich", "text"]);
    const venice = { venice_parameters: { web_search_citations: [{ url: "u" }] } };
    assert.deepEqual(
      kinds(
        decode([
          { choices: [], ...venice },
          { choices: [], ...venice },
        ]),
      ),
      ["rich", "silent"],
    );
  });

  it("does not take a record for known that brings usage", () => {
    const usage = { total_tokens: 1 };
    assert.deepEqual(kinds(decode([text("a", {}, { usage }), text("b", {}, { usage })])), ["text", "text"]);
  });

  it("ignores records of a dialect that nobody here knows, and counts them", () => {
    const said = decode([
      text("a"),
      { type: "response.created", response: { id: "resp_1" } },
      { type: "response.output_text.delta", delta: "Hi" },
      text("b"),
    ]);
    assert.deepEqual(kinds(said), ["text", "skipped", "skipped", "known"]);
  });

  it("keeps metadata that comes without choices", () => {
    const [said] = decode([{ ...HEAD, provider_note: "x" }]);
    assert.equal(chunkOf(said)["provider_note"], "x");
  });

  it("parses every record where each is to have its chunk", () => {
    assert.deepEqual(kinds(decode([text("a"), text("b")], { everyChunk: true })), ["text", "text"]);
  });

  it("takes the two lines of a record that is JSON on neither for one bad record", () => {
    assert.deepEqual(kinds(decode(["{\n]", text("a")], { tolerant: true })), ["skipped", "text"]);
    assert.deepEqual(kinds(decode([`${JSON.stringify(text("a"))}\nnonsense`], { tolerant: true })), [
      "text",
      "skipped",
    ]);
  });

  it("passes over wrong shapes too where it is to be tolerant", () => {
    assert.deepEqual(
      kinds(decode([7, { choices: "x" }, { choices: [{ delta: "x" }] }, text("a")], { tolerant: true })),
      ["skipped", "skipped", "skipped", "text"],
    );
  });

  it("never lets text get lost because its form is unknown", () => {
    for (const content of [7, true]) {
      assert.deepEqual(kinds(decode([{ choices: [{ delta: { content } }] }])), ["failure"], String(content));
    }
    assert.deepEqual(
      decode([{ choices: [{ delta: { content: { type: "text", text: "x" } } }] }]).map(
        (call) => "text" in call && call.text,
      ),
      ["x"],
    );
  });

  it("takes a call that stands alone for a list of one", () => {
    const [said] = decode([{ choices: [{ delta: { tool_calls: { id: "a", function: { name: "f" } } } }] }]);
    assert.deepEqual(chunkOf(said).choices[0]!.delta.tool_calls, [
      { index: 0, id: "a", function: { name: "f" } },
    ]);
  });

  it("drops what is of an impossible type beside the text", () => {
    const [said] = decode([
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
    assert.deepEqual(chunkOf(said).choices[0]!.delta, { content: "x" });
  });
});
