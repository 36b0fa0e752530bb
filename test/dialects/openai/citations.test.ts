import assert from "node:assert/strict";
import { CHUNK_HEAD, DONE_RECORD, formatEventStream } from "../../support/inputs/openai-chunks.js";
import type { SinkCall } from "../../support/inputs/replay.js";
import { replay } from "../../support/inputs/replay.js";

const SEARCH = "venice_web_search_documents";

function decode(records: object[], toolNames: string[] = []): SinkCall[] {
  return replay([Buffer.from(formatEventStream(...records, DONE_RECORD))], { toolNames });
}

const createRecord = (delta: object, finish: string | null = null) => ({
  ...CHUNK_HEAD,
  choices: [{ index: 0, delta, finish_reason: finish }],
});

/** Lists the URLs of all annotations, in order, with repetitions. */
function listUrls(calls: SinkCall[]): unknown[] {
  return calls
    .flatMap((call) => ("chunk" in call ? call.chunk.choices : []))
    .flatMap(({ delta }) => delta.annotations ?? [])
    .map((annotation) => (annotation as { url_citation: { url: string } }).url_citation.url);
}

const createSource = (url: string) => ({ url, title: `About ${url}`, content: "…", date: "2026" });
const createAnnotation = (url: string, more: object = {}) => ({
  type: "url_citation",
  url_citation: { url, ...more },
});

describe("Sources of an answer", () => {
  const first = {
    ...CHUNK_HEAD,
    choices: [],
    venice_parameters: { web_search_citations: [createSource("u"), createSource("v")] },
  };
  const body = [createRecord({ content: "a" }), createRecord({}, "stop")];
  const usage = { id: "x", usage: { total_tokens: 3 } };

  it("turns sources into annotations, whether they come first, last or after the usage", () => {
    for (const records of [
      [first, ...body, usage],
      [...body, first, usage],
      [...body, usage, first],
      [...body, { ...usage, venice_parameters: first.venice_parameters }],
    ]) {
      assert.deepEqual(listUrls(decode(records)), ["u", "v"]);
    }
  });

  it("passes on one source for each URL, whichever form it has", () => {
    const calls = decode([
      first,
      { ...CHUNK_HEAD, choices: [], venice_search_results: [createSource("v"), createSource("w")] },
      createRecord({ annotations: [createAnnotation("u"), createAnnotation("x")] }),
      first,
      createRecord({ annotations: [createAnnotation("x")] }, "stop"),
    ]);
    assert.deepEqual(listUrls(calls), ["u", "v", "w", "x"]);
  });

  it("keeps the service's own fields of a source, and leaves its other parameters in place", () => {
    const [call] = decode([
      {
        ...CHUNK_HEAD,
        choices: [],
        venice_parameters: { ...first.venice_parameters, enable_web_search: "on" },
      },
    ]);
    assert.ok(call && "chunk" in call);
    assert.equal(call.kind, "rich");
    assert.deepEqual(call.chunk.choices[0]!.delta.annotations![0], {
      type: "url_citation",
      url_citation: createSource("u"),
    });
    assert.deepEqual(call.chunk["venice_parameters"], { enable_web_search: "on" });
  });

  it("passes a source on again for each position in the text", () => {
    const places = [
      createAnnotation("u", { start_index: 0, end_index: 2 }),
      createAnnotation("u", { start_index: 5, end_index: 7 }),
    ];
    assert.deepEqual(listUrls(decode([createRecord({ annotations: places })])), ["u", "u"]);
  });

  it("passes a source on once for each choice that has it", () => {
    const both = [0, 1].map((index) => ({
      index,
      delta: { annotations: [createAnnotation("u")] },
      finish_reason: null,
    }));
    assert.deepEqual(listUrls(decode([{ ...CHUNK_HEAD, choices: both }])), ["u", "u"]);
  });

  it("finds sources in the message of a whole answer", () => {
    const whole = {
      ...CHUNK_HEAD,
      choices: [{ index: 0, message: { role: "assistant", content: "a" }, finish_reason: "stop" }],
      venice_parameters: { web_search_citations: [createSource("u")] },
    };
    assert.deepEqual(listUrls(decode([whole])), ["u"]);
  });

  it("reads malformed sources without a failure", () => {
    const odd = [null, 1, "u", [], {}, { url: 5 }];
    const calls = decode([
      {
        ...CHUNK_HEAD,
        choices: [],
        venice_parameters: { web_search_citations: odd },
        venice_search_results: "none",
      },
      createRecord({ annotations: odd }),
      createRecord({ content: "a" }, "stop"),
    ]);
    assert.ok(!calls.some((call) => "failure" in call));
  });
});

describe("Search by the service itself (Venice)", () => {
  const createCallDelta = (piece: object, index = 0) => ({
    tool_calls: [{ index, type: "function", ...piece }],
  });
  const listCalls = (sinkCalls: SinkCall[]) =>
    sinkCalls
      .flatMap((one) => ("chunk" in one ? one.chunk.choices : []))
      .flatMap(({ delta }) => delta.tool_calls ?? []);

  it("drops the tool call of a Venice search, however it is cut, and ends the answer with stop", () => {
    const documents = JSON.stringify({ documents: [createSource("u")] });
    const sinkCalls = decode([
      createRecord(createCallDelta({ id: "c", function: { name: SEARCH, arguments: documents } })),
      createRecord({ content: "a" }),
      createRecord({}, "tool_calls"),
    ]);
    assert.deepEqual(listCalls(sinkCalls), []);
    assert.deepEqual(listUrls(sinkCalls), ["u"]);
    const pieceCalls = decode([
      createRecord(createCallDelta({ id: "c", function: { name: SEARCH, arguments: "" } })),
      createRecord(createCallDelta({ function: { arguments: documents.slice(0, 9) } })),
      createRecord(createCallDelta({ function: { arguments: documents.slice(9) } })),
      createRecord({}, "tool_calls"),
    ]);
    assert.deepEqual(listCalls(pieceCalls), []);
    const last = pieceCalls.flatMap((one) => ("chunk" in one ? one.chunk.choices : [])).at(-1);
    assert.equal(last?.finish_reason, "stop");
  });

  it("counts the model's own tool calls from 0 beside a Venice search", () => {
    const sinkCalls = decode([
      createRecord(createCallDelta({ id: "s", function: { name: SEARCH, arguments: "[]" } }, 0)),
      createRecord(createCallDelta({ id: "c", function: { name: "f", arguments: "{" } }, 1)),
      createRecord(createCallDelta({ function: { arguments: "}" } }, 1)),
      createRecord({}, "tool_calls"),
    ]);
    assert.deepEqual(
      listCalls(sinkCalls).map(({ index, id }) => [index, id]),
      [
        [0, "c"],
        [0, undefined],
      ],
    );
    const last = sinkCalls.flatMap((one) => ("chunk" in one ? one.chunk.choices : [])).at(-1);
    assert.equal(last?.finish_reason, "tool_calls");
  });

  it("passes on a call of the Venice search tool if the request has a tool of that name", () => {
    const sinkCalls = decode(
      [createRecord(createCallDelta({ id: "s", function: { name: SEARCH, arguments: "{}" } }))],
      [SEARCH],
    );
    assert.equal(listCalls(sinkCalls).length, 1);
  });
});
