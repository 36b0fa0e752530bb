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

function createMachine(...chunks: (string | Chunk)[]): CompletionMachine {
  const made = new CompletionMachine();
  for (const chunk of chunks) {
    if (typeof chunk === "string") made.addText(chunk);
    else made.addChunk(structuredClone(chunk));
  }
  return made;
}

const readMessage = (completion: Completion) => completion.choices[0]!.message;

describe("Completion machine", () => {
  it("builds an empty, unfinished completion before the first chunk", () => {
    const empty = createMachine();
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

  it("joins text and chunks, and prefers the text beside a chunk to the chunk's own", () => {
    const joined = createMachine("a", delta({ content: "b" }), "c");
    joined.addChunk(delta({ content: "lost" }), "d");
    joined.addChunk(delta({ reasoning_content: "hm" }), "e");
    assert.equal(joined.text, "abcde");
    assert.equal(joined.length, 5);
  });

  it("adds the text beside a chunk without a first choice to the first choice", () => {
    const other = createMachine(delta({ content: "x" }, 1));
    other.addChunk({ choices: [] }, "a");
    other.addChunk(delta({ content: "y" }, 1), "b");
    assert.deepEqual(
      other.buildCompletion("s").choices.map(({ message: { content } }) => content),
      ["ab", "xy"],
    );
  });

  it("has content after anything that a reader may have read, but not after metadata", () => {
    for (const content of [
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
      assert.equal(createMachine(delta(content)).hasContent, true, JSON.stringify(content));
    }
    const quiet = createMachine(
      delta({ role: "assistant" }),
      delta({ content: "" }, 0, { content_filter_results: { a: 1 } }),
      { choices: [], usage: { total_tokens: 3 }, system_fingerprint: "fp", citations: ["u"] },
      end("stop"),
    );
    assert.equal(quiet.hasContent, false);
    assert.equal(quiet.hasBegun, true);
  });

  it("is finished when every choice that began has a finish reason or an audio expiry time", () => {
    const two = createMachine("a", delta({ content: "b" }, 2));
    assert.equal(two.isFinished, false);
    two.addChunk(end("stop"));
    assert.equal(two.isFinished, false);
    two.addChunk(end("length", 2));
    assert.equal(two.isFinished, true);
    assert.equal(createMachine(delta({ audio: { expires_at: 5 } })).isFinished, true);
  });

  it("reports tool_calls for an answer with calls if the vendor's reason is stop or missing, but for no other reason", () => {
    const call = delta({ tool_calls: [{ index: 0, id: "a", function: { name: "f" } }] });
    assert.equal(createMachine(call).finishReason, "tool_calls");
    assert.equal(createMachine(call, end("stop")).finishReason, "tool_calls");
    assert.equal(createMachine(call, end("length")).finishReason, "length");
    assert.equal(createMachine(call, end("content_filter")).finishReason, "content_filter");
    assert.equal(createMachine("a", end("stop")).finishReason, "stop");
    assert.equal(createMachine(call, end("stop")).rawFinishReason, "stop");
  });

  it("keeps the first id, model and time, and the last finish reason, usage and vendor fields", () => {
    const made = createMachine(
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

  it("keeps each citation once, whether the vendor repeats or continues the list", () => {
    const made = createMachine(
      { choices: [], citations: ["a", "b"] },
      { choices: [], citations: ["a", "b", "c"], search_results: [{ url: "a" }] },
      { choices: [], citations: ["d"], search_results: [{ url: "a" }] },
    ).buildCompletion("s");
    assert.deepEqual([made["citations"], made["search_results"]], [["a", "b", "c", "d"], [{ url: "a" }]]);
  });

  it("makes the id of a tool call without one from the stream's id, the same each time", () => {
    const nameless = createMachine(
      delta({ tool_calls: [{ index: 0 }] }),
      delta({ tool_calls: [{ index: 1, id: "x" }] }),
    );
    const ids = () => readMessage(nameless.buildCompletion("s")).tool_calls!.map(({ id }) => id);
    assert.deepEqual(ids(), ["call_s_0", "x"]);
    assert.deepEqual(ids(), ids());
  });

  it("puts encrypted reasoning after the readable reasoning", () => {
    const made = createMachine(
      delta({ reasoning_content: "a" }),
      delta({ encrypted_reasoning: "X" }),
      delta({ reasoning_content: "b", encrypted_reasoning: "Y" }),
    );
    assert.equal(readMessage(made.buildCompletion("s")).reasoning_content, "abXY");
  });

  it("puts into the closing chunk what no other message has", () => {
    const made = createMachine(
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

  it("keeps copies, so that the caller may change its chunks afterwards", () => {
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

describe("Completion machine limits", () => {
  const bounded = (limits: Partial<Limits>) => new CompletionMachine({ ...DEFAULT_LIMITS, ...limits });
  const limit = (thrown: unknown) => thrown instanceof Failure && thrown.code === "limit";

  it("fails once the texts of all choices together are too long", () => {
    const made = bounded({ completion: 10 });
    made.addText("12345");
    made.addChunk(delta({ content: "678", reasoning_content: "9" }, 1));
    made.addText("0");
    assert.throws(() => made.addText("x"), limit);
    assert.throws(() => bounded({ completion: 10 }).addChunk(delta({ refusal: "12345678901" })), limit);
  });

  it("fails once a tool call's arguments are too long", () => {
    const made = bounded({ toolArguments: 4 });
    const piece = delta({ tool_calls: [{ index: 0, function: { arguments: "12" } }] });
    made.addChunk(piece);
    made.addChunk(piece);
    assert.throws(() => made.addChunk(piece), limit);
  });

  it("fails for choices and tool calls that are too many or out of order", () => {
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

  it("fails once anything beside the text is too long", () => {
    const long = "x".repeat(600);
    const beside: ((at: number) => Chunk)[] = [
      (at) => delta({ annotations: [`${long.slice(300)}${at}`] }),
      (at) => delta({ images: [long + at] }),
      (at) => delta({ audio: { data: long + at } }),
      (at) => delta({ role: long }, at),
      (at) => delta({}, at, { finish_reason: long }),
      (at) => delta({ tool_calls: [{ index: at, id: long }] }),
      (at) => delta({ tool_calls: [{ index: at, type: long }] }),
      (at) => delta({ tool_calls: [{ index: at, function: { name: long } }] }),
      (at) => delta({ tool_calls: [{ index: at, custom: { name: long } }] }),
      (at) => delta({ tool_calls: [{ index: at, [long]: 1 }] }),
      (at) => delta({ [long + at]: 1 }),
      (at) => delta({ audio: { [`a${at}`]: long } }),
      (at) => delta({ reasoning_details: [{ type: at, text: long }] }),
      () => delta({ reasoning_details: [{ type: "t", index: 0, text: long }] }),
      (at) => delta({ [`vendor${at}`]: long }),
      (at) => delta({}, 0, { logprobs: { content: [{ token: long + at }] } }),
      (at) => delta({}, 0, { [`vendor${at}`]: long }),
      (at) => ({ choices: [], [`vendor${at}`]: { deep: [long] } }),
      (at) => ({ choices: [], citations: [`${long.slice(300)}${at}`] }),
      (at) => ({ choices: [], [at === 0 ? "id" : "model"]: long }),
      (at) => ({ choices: [], usage: { [`${at}`]: long.repeat(1 + at) } }),
      (at) => ({ choices: [], [long + at]: 1 }),
    ];
    for (const make of beside) {
      // Names take more memory than their characters.
      const made = bounded({ attachments: 1150 });
      made.addChunk(make(0));
      assert.throws(() => made.addChunk(make(1)), limit, make.toString());
    }
  });

  it("counts a field that the service repeats on every chunk only once", () => {
    const made = bounded({ attachments: 1500 });
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
