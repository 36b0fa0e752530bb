import assert from "node:assert/strict";
import type { Chunk, Completion, Delta } from "../../../src/core/chat/chunk.js";
import { CompletionMachine } from "../../../src/core/chat/completion.js";
import { Failure } from "../../../src/core/failure.js";
import { DEFAULT_LIMITS, type Limits } from "../../../src/core/limits.js";

const delta = (content: Delta, index = 0, more: object = {}): Chunk => ({
  choices: [{ index, delta: content, finish_reason: null, ...more }],
});
const end = (reason: string, index = 0): Chunk => ({
  choices: [{ index, delta: {}, finish_reason: reason }],
});

function machine(...chunks: (string | Chunk)[]): CompletionMachine {
  const made = new CompletionMachine();
  for (const chunk of chunks) {
    if (typeof chunk === "string") made.addText(chunk);
    else made.addChunk(structuredClone(chunk));
  }
  return made;
}

const message = (completion: Completion) => completion.choices[0]!.message;

describe("A completion machine", () => {
  it("that was told nothing has an empty completion and is at no end", () => {
    const empty = machine();
    assert.deepEqual(empty.buildCompletion("s"), {
      id: "",
      object: "chat.completion",
      created: 0,
      model: "",
      choices: [],
      usage: null,
    });
    assert.deepEqual(
      [empty.hasBegun, empty.hasContent, empty.isFinished, empty.text, empty.length],
      [false, false, false, "", 0],
    );
    assert.equal(empty.finishReason, "unknown");
    assert.equal(empty.rawFinishReason, undefined);
  });

  it("joins text and chunks, the text given beside a chunk in place of the chunk's own", () => {
    const joined = machine("a", delta({ content: "b" }), "c");
    joined.addChunk(delta({ content: "lost" }), "d");
    joined.addChunk(delta({ reasoning_content: "hm" }), "e");
    assert.equal(joined.text, "abcde");
    assert.equal(joined.length, 5);
  });

  it("takes a text beside a chunk that says nothing of the first choice", () => {
    const other = machine(delta({ content: "x" }, 1));
    other.addChunk({ choices: [] }, "a");
    other.addChunk(delta({ content: "y" }, 1), "b");
    assert.deepEqual(
      other.buildCompletion("s").choices.map(({ message: { content } }) => content),
      ["ab", "xy"],
    );
  });

  it("is committed by anything that somebody may have read, and by nothing else", () => {
    for (const said of [
      { content: "a" },
      { reasoning_content: "a" },
      { encrypted_reasoning: "a" },
      { refusal: "a" },
      { tool_calls: [{ index: 0 }] },
      { annotations: [{}] },
      { images: [{}] },
      { audio: { data: "YQ==" } },
      { reasoning_details: [{}] },
      { vendor: 1 },
    ]) {
      assert.equal(machine(delta(said)).hasContent, true, JSON.stringify(said));
    }
    const quiet = machine(
      delta({ role: "assistant" }),
      delta({ content: "" }, 0, { content_filter_results: { a: 1 } }),
      { choices: [], usage: { total_tokens: 3 }, system_fingerprint: "fp", citations: ["u"] },
      end("stop"),
    );
    assert.equal(quiet.hasContent, false);
    assert.equal(quiet.hasBegun, true);
  });

  it("is finished once every choice that began has its reason, or its audio has expired", () => {
    const two = machine("a", delta({ content: "b" }, 2));
    assert.equal(two.isFinished, false);
    two.addChunk(end("stop"));
    assert.equal(two.isFinished, false);
    two.addChunk(end("length", 2));
    assert.equal(two.isFinished, true);
    assert.equal(machine(delta({ audio: { expires_at: 5 } })).isFinished, true);
  });

  it("says tool_calls where calls came and the reason is stop or missing, but no other reason", () => {
    const call = delta({ tool_calls: [{ index: 0, id: "a", function: { name: "f" } }] });
    assert.equal(machine(call).finishReason, "tool_calls");
    assert.equal(machine(call, end("stop")).finishReason, "tool_calls");
    assert.equal(machine(call, end("length")).finishReason, "length");
    assert.equal(machine(call, end("content_filter")).finishReason, "content_filter");
    assert.equal(machine("a", end("stop")).finishReason, "stop");
    assert.equal(machine(call, end("stop")).rawFinishReason, "stop");
  });

  it("takes the first id, model and time, the last reason, usage and vendor's fields", () => {
    const made = machine(
      { id: "", model: "", created: 0, choices: [], usage: { total_tokens: 1 }, provider: "x" },
      { id: "a", model: "m", created: 5, choices: [], usage: { total_tokens: 2 }, provider: "y" },
      { id: "b", model: "n", created: 6, choices: [], usage: null, provider: null },
      end("length"),
      end("stop"),
    ).buildCompletion("s");
    assert.deepEqual(
      [made.id, made.model, made.created, made.usage, made["provider"], made.choices[0]!.finish_reason],
      ["a", "m", 5, { total_tokens: 2 }, "y", "stop"],
    );
  });

  it("unites citations, whether they are repeated or continued", () => {
    const made = machine(
      { choices: [], citations: ["a", "b"] },
      { choices: [], citations: ["a", "b", "c"], search_results: [{ url: "a" }] },
      { choices: [], citations: ["d"], search_results: [{ url: "a" }] },
    ).buildCompletion("s");
    assert.deepEqual([made["citations"], made["search_results"]], [["a", "b", "c", "d"], [{ url: "a" }]]);
  });

  it("names calls that have no id after the stream, the same at each asking", () => {
    const nameless = machine(
      delta({ tool_calls: [{ index: 0 }] }),
      delta({ tool_calls: [{ index: 1, id: "x" }] }),
    );
    const ids = () => message(nameless.buildCompletion("s")).tool_calls!.map(({ id }) => id);
    assert.deepEqual(ids(), ["call_s_0", "x"]);
    assert.deepEqual(ids(), ids());
  });

  it("puts encrypted reasoning behind the readable", () => {
    const made = machine(
      delta({ reasoning_content: "a" }),
      delta({ encrypted_reasoning: "X" }),
      delta({ reasoning_content: "b", encrypted_reasoning: "Y" }),
    );
    assert.equal(message(made.buildCompletion("s")).reasoning_content, "abXY");
  });

  it("tells in the closing chunk what no other message tells", () => {
    const made = machine(
      {
        ...delta({ role: "critic", content: "a" }, 0, { stop_reason: 7 }),
        id: "i",
        tier: "t",
        citations: ["u"],
      },
      delta({ content: "b" }, 1),
      end("stop"),
      { choices: [], usage: { total_tokens: 3 } },
    );
    assert.deepEqual(JSON.parse(JSON.stringify(made.buildClosingChunk())), {
      id: "i",
      object: "chat.completion.chunk",
      created: 0,
      model: "",
      tier: "t",
      citations: ["u"],
      choices: [
        { stop_reason: 7, index: 0, delta: { role: "critic" }, finish_reason: "stop" },
        { index: 1, delta: {}, finish_reason: null },
      ],
      usage: { total_tokens: 3 },
    });
  });

  it("keeps nothing that somebody else may change", () => {
    const chunk: Chunk = {
      choices: [{ index: 0, delta: { annotations: [{ a: 1 }], images: [{ a: 1 }] }, extra: { a: 1 } }],
      usage: { a: 1 },
      more: { a: 1 },
    };
    const made = new CompletionMachine();
    made.addChunk(chunk);
    const before = JSON.stringify(made.buildCompletion("s"));
    (chunk.choices[0]!.delta.annotations![0] as { a: number }).a = 2;
    (chunk.choices[0]!["extra"] as { a: number }).a = 2;
    (chunk["more"] as { a: number }).a = 2;
    chunk.usage!["a"] = 2;
    assert.equal(JSON.stringify(made.buildCompletion("s")), before);
  });
});

describe("A completion machine's bounds", () => {
  const bounded = (limits: Partial<Limits>) => new CompletionMachine({ ...DEFAULT_LIMITS, ...limits });
  const limit = (thrown: unknown) => thrown instanceof Failure && thrown.code === "limit";

  it("stop a text that grows too long, by text and by chunk, in all choices together", () => {
    const made = bounded({ completion: 10 });
    made.addText("12345");
    made.addChunk(delta({ content: "678", reasoning_content: "9" }, 1));
    made.addText("0");
    assert.throws(() => made.addText("x"), limit);
    assert.throws(() => bounded({ completion: 10 }).addChunk(delta({ refusal: "12345678901" })), limit);
  });

  it("stop a call whose arguments grow too long", () => {
    const made = bounded({ toolArguments: 4 });
    const piece = delta({ tool_calls: [{ index: 0, function: { arguments: "12" } }] });
    made.addChunk(piece);
    made.addChunk(piece);
    assert.throws(() => made.addChunk(piece), limit);
  });

  it("stop choices and calls that are too many, or not in order", () => {
    for (const index of [3, 1e9, -1, 0.5, Number.NaN]) {
      assert.throws(() => bounded({ indices: 3 }).addChunk(delta({}, index)), limit, String(index));
      assert.throws(
        () => bounded({ indices: 3 }).addChunk(delta({ tool_calls: [{ index }] })),
        limit,
        String(index),
      );
    }
    assert.throws(() => bounded({}).addChunk(delta({ tool_calls: [{ index: 1 }] })), limit);
  });

  it("stop whatever else grows beside the text", () => {
    const long = "x".repeat(60);
    const beside: ((at: number) => Chunk)[] = [
      (at) => delta({ annotations: [long + at] }),
      (at) => delta({ images: [long + at] }),
      (at) => delta({ audio: { data: long + at } }),
      (at) => delta({ audio: { [`a${at}`]: long } }),
      (at) => delta({ reasoning_details: [{ type: at, text: long }] }),
      () => delta({ reasoning_details: [{ type: "t", index: 0, text: long }] }),
      (at) => delta({ [`vendor${at}`]: long }),
      (at) => delta({}, 0, { logprobs: { content: [{ token: long + at }] } }),
      (at) => delta({}, 0, { [`vendor${at}`]: long }),
      (at) => ({ choices: [], [`vendor${at}`]: { deep: [long] } }),
      (at) => ({ choices: [], citations: [long + at] }),
    ];
    for (const make of beside) {
      const made = bounded({ attachments: 100 });
      made.addChunk(make(0));
      assert.throws(() => made.addChunk(make(1)), limit, make.toString());
    }
  });

  it("do not count again what a service repeats on each chunk", () => {
    const made = bounded({ attachments: 200 });
    const repeated: Chunk = {
      ...delta({ annotations: ["x".repeat(20)] }, 0, { content_filter_results: { a: "x".repeat(20) } }),
      system_fingerprint: "x".repeat(20),
      citations: ["x".repeat(20)],
      prompt_filter_results: [{ a: "x".repeat(20) }],
    };
    for (let at = 0; at < 100; at++) made.addChunk(structuredClone(repeated));
    assert.equal(made.hasContent, true);
  });
});
