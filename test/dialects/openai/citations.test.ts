import assert from "node:assert/strict";
import { DONE, HEAD, sse } from "../../support/inputs/fixtures.js";
import type { SinkCall } from "../../support/inputs/replay.js";
import { replay } from "../../support/inputs/replay.js";

const SEARCH = "venice_web_search_documents";

function decode(records: object[], toolNames: string[] = []): SinkCall[] {
  return replay([Buffer.from(sse(...records, DONE))], { toolNames });
}

const choice = (delta: object, finish: string | null = null) => ({
  ...HEAD,
  choices: [{ index: 0, delta, finish_reason: finish }],
});

/** The addresses that are told, in order, with repetitions. */
function cited(calls: SinkCall[]): unknown[] {
  return calls
    .flatMap((call) => ("chunk" in call ? call.chunk.choices : []))
    .flatMap(({ delta }) => delta.annotations ?? [])
    .map((annotation) => (annotation as { url_citation: { url: string } }).url_citation.url);
}

const source = (url: string) => ({ url, title: `About ${url}`, content: "…", date: "2026" });
const annotation = (url: string, more: object = {}) => ({
  type: "url_citation",
  url_citation: { url, ...more },
});

describe("The sources of an answer", () => {
  const first = {
    ...HEAD,
    choices: [],
    venice_parameters: { web_search_citations: [source("u"), source("v")] },
  };
  const body = [choice({ content: "a" }), choice({}, "stop")];
  const usage = { id: "x", usage: { total_tokens: 3 } };

  it("become annotations of the answer, wherever they stand: first, last, or behind the usage", () => {
    for (const records of [
      [first, ...body, usage],
      [...body, first, usage],
      [...body, usage, first],
      [...body, { ...usage, venice_parameters: first.venice_parameters }],
    ]) {
      assert.deepEqual(cited(decode(records)), ["u", "v"]);
    }
  });

  it("are told once for each address, whichever form it came in", () => {
    const said = decode([
      first,
      { ...HEAD, choices: [], venice_search_results: [source("v"), source("w")] },
      choice({ annotations: [annotation("u"), annotation("x")] }),
      first,
      choice({ annotations: [annotation("x")] }, "stop"),
    ]);
    assert.deepEqual(cited(said), ["u", "v", "w", "x"]);
  });

  it("keep what the service tells of them, and leave its other parameters in place", () => {
    const [call] = decode([
      { ...HEAD, choices: [], venice_parameters: { ...first.venice_parameters, enable_web_search: "on" } },
    ]);
    assert.ok(call && "chunk" in call);
    assert.equal(call.kind, "rich");
    assert.deepEqual(call.chunk.choices[0]!.delta.annotations![0], {
      type: "url_citation",
      url_citation: source("u"),
    });
    assert.deepEqual(call.chunk["venice_parameters"], { enable_web_search: "on" });
  });

  it("that name a place in the text are told for each place", () => {
    const places = [
      annotation("u", { start_index: 0, end_index: 2 }),
      annotation("u", { start_index: 5, end_index: 7 }),
    ];
    assert.deepEqual(cited(decode([choice({ annotations: places })])), ["u", "u"]);
  });

  it("are told to each choice that names them", () => {
    const both = [0, 1].map((index) => ({
      index,
      delta: { annotations: [annotation("u")] },
      finish_reason: null,
    }));
    assert.deepEqual(cited(decode([{ ...HEAD, choices: both }])), ["u", "u"]);
  });

  it("of a whole answer are in its message, too", () => {
    const whole = {
      ...HEAD,
      choices: [{ index: 0, message: { role: "assistant", content: "a" }, finish_reason: "stop" }],
      venice_parameters: { web_search_citations: [source("u")] },
    };
    assert.deepEqual(cited(decode([whole])), ["u"]);
  });

  it("in odd forms harm nobody", () => {
    const odd = [null, 1, "u", [], {}, { url: 5 }];
    const said = decode([
      {
        ...HEAD,
        choices: [],
        venice_parameters: { web_search_citations: odd },
        venice_search_results: "none",
      },
      choice({ annotations: odd }),
      choice({ content: "a" }, "stop"),
    ]);
    assert.ok(!said.some((call) => "failure" in call));
  });
});

describe("A search that the service made itself", () => {
  const call = (piece: object, index = 0) => ({ tool_calls: [{ index, type: "function", ...piece }] });
  const calls = (said: SinkCall[]) =>
    said
      .flatMap((one) => ("chunk" in one ? one.chunk.choices : []))
      .flatMap(({ delta }) => delta.tool_calls ?? []);

  it("is no call of a tool, however it is cut, and the answer ends with stop", () => {
    const documents = JSON.stringify({ documents: [source("u")] });
    const said = decode([
      choice(call({ id: "c", function: { name: SEARCH, arguments: documents } })),
      choice({ content: "a" }),
      choice({}, "tool_calls"),
    ]);
    assert.deepEqual(calls(said), []);
    assert.deepEqual(cited(said), ["u"]);
    const pieces = decode([
      choice(call({ id: "c", function: { name: SEARCH, arguments: "" } })),
      choice(call({ function: { arguments: documents.slice(0, 9) } })),
      choice(call({ function: { arguments: documents.slice(9) } })),
      choice({}, "tool_calls"),
    ]);
    assert.deepEqual(calls(pieces), []);
    const last = pieces.flatMap((one) => ("chunk" in one ? one.chunk.choices : [])).at(-1);
    assert.equal(last?.finish_reason, "stop");
  });

  it("leaves the model's own calls alone, numbered from 0", () => {
    const said = decode([
      choice(call({ id: "s", function: { name: SEARCH, arguments: "[]" } }, 0)),
      choice(call({ id: "c", function: { name: "f", arguments: "{" } }, 1)),
      choice(call({ function: { arguments: "}" } }, 1)),
      choice({}, "tool_calls"),
    ]);
    assert.deepEqual(
      calls(said).map(({ index, id }) => [index, id]),
      [
        [0, "c"],
        [0, undefined],
      ],
    );
    const last = said.flatMap((one) => ("chunk" in one ? one.chunk.choices : [])).at(-1);
    assert.equal(last?.finish_reason, "tool_calls");
  });

  it("is a call where the author has a tool of that name", () => {
    const said = decode([choice(call({ id: "s", function: { name: SEARCH, arguments: "{}" } }))], [SEARCH]);
    assert.equal(calls(said).length, 1);
  });
});
